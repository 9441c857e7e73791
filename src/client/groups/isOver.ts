import { VOID_BLOCKS } from "../../wire/limits.ts";
import type { Group } from "./group.ts";

/** True once nothing can undo a removal of this client, no reorganization and no later sibling: nothing is left to read. */
export function isOver(params: { group: Group; finalityBlocks: number }): boolean {
  const { group, finalityBlocks } = params;
  const { record, entries } = group.view;
  if (record.status !== "removed") return false;
  const removal = [...entries.values()].find(
    ({ parent, verdict }) => parent === record.head && verdict.kind === "adopted",
  );
  if (removal === undefined) return true;
  return removal.block.number + VOID_BLOCKS + finalityBlocks <= group.processed.number;
}
