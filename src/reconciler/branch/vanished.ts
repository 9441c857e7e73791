import type { EntryId, InboxId } from "../../wire/ids.ts";
import type { GroupRecord, HeadId, Vanished } from "../records/records.ts";
import type { BranchStep } from "./branch.ts";

/** Blocks within which what a reorganization took is expected to land again: its writers send it at once. */
export const RELANDING_BLOCKS = 24;

/** What may land again after a rollback that took these steps. */
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

/** What may still land again after `entry`, which was adopted. */
export function returningAfter(params: { fork: Vanished | undefined; entry: EntryId }): Set<HeadId> {
  const [first, ...rest] = params.fork?.heads ?? [];
  return new Set(first === params.entry ? rest : []);
}

/** True while messages would reach somebody whom a commit that may land again has taken out. */
export function isWidened({
  fork,
  members,
}: {
  fork?: Vanished | undefined;
  members: readonly InboxId[];
}): boolean {
  return fork !== undefined && !fork.isGivenUp && members.some((inbox) => !fork.members.includes(inbox));
}
