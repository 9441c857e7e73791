import type { EntryId, InboxId } from "../../wire/ids.ts";
import type { GroupRecord, HeadId, Vanished } from "../records/records.ts";
import type { BranchStep } from "./branch.ts";

/**
 * The number of blocks within which entries that a reorganization took are expected to land again: their writers send
 * them at once.
 */
export const RELANDING_BLOCKS = 24;

/** Computes the vanished epochs after a rollback that took these steps; their entries may land again. */
export function vanishedAfterRollback(params: {
  record: Pick<GroupRecord, "fork" | "members">;
  lost: readonly BranchStep[];
  block: number;
}): Vanished | undefined {
  const { record, lost, block } = params;
  const { fork, members } = record;
  if (lost.length === 0) return fork;
  const heads = [...lost.map(({ head }) => head), ...(fork?.heads ?? [])];
  return { heads, members: fork?.members ?? members, block, isGivenUp: false };
}

/** Lists the vanished heads that may still land again once `entry` was adopted. */
export function returningAfter(params: { fork: Vanished | undefined; entry: EntryId }): Set<HeadId> {
  const [first, ...rest] = params.fork?.heads ?? [];
  return new Set(first === params.entry ? rest : []);
}

/** True while a message would reach a member whom a vanished commit removes, and that commit may land again. */
export function isWidened({
  fork,
  members,
}: {
  fork?: Vanished | undefined;
  members: readonly InboxId[];
}): boolean {
  return fork !== undefined && !fork.isGivenUp && members.some((inbox) => !fork.members.includes(inbox));
}
