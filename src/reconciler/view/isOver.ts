import { VOID_BLOCKS } from "../../wire/limits.ts";
import type { KnownGroup } from "./knownGroup.ts";

/**
 * True once nothing is left to read: neither a reorganization nor a later sibling can undo the removal of this client,
 * and the entry that was to bring it in is not expected any more.
 */
export function isOver(params: {
  group: Pick<KnownGroup, "view" | "agreed">;
  finalityBlocks: number;
}): boolean {
  const { group, finalityBlocks } = params;
  const { record, branch } = group.view;
  const { status, fork } = record;
  if (status !== "removed") return false;
  if (branch.end?.isProvisional) return false;
  const since = branch.end?.block.number ?? fork?.block;
  return since === undefined || since + VOID_BLOCKS + finalityBlocks <= group.agreed.number;
}
