import type { InboxId } from "../../wire/ids.ts";
import type { BranchStep } from "./branch.ts";

/**
 * Finds the block of the inbox's last adopted commit since the branch's last Add. Older commits do not count: a member
 * who joined by that Add does not know them, and all members have to judge alike.
 */
export function lastCommitBlock(params: {
  steps: readonly BranchStep[];
  inbox: InboxId;
}): number | undefined {
  for (const { entry } of params.steps.toReversed()) {
    if (entry?.verdict.kind !== "adopted" || entry.verdict.adds.length > 0) return undefined;
    if (entry.verdict.writer.inbox === params.inbox) return entry.block.number;
  }
  return undefined;
}
