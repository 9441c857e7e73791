import type { InboxId } from "../../wire/ids.ts";
import type { BranchStep } from "./branch.ts";

/**
 * The block of the inbox's last adopted commit since the branch's last Add: a member who joined by that Add knows
 * nothing older, and all members have to judge alike.
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
