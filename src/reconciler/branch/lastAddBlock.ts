import type { BranchStep } from "./branch.ts";

/** Finds the block of the branch's last Add; for a member who joined by that Add, the branch begins there. */
export function lastAddBlock(steps: readonly BranchStep[]): number | undefined {
  for (const { entry } of steps.toReversed()) {
    if (entry?.verdict.kind === "before-start") return entry.block.number;
    if (entry?.verdict.kind === "adopted" && entry.verdict.adds.length > 0) return entry.block.number;
  }
  return undefined;
}
