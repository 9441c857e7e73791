import type { BranchStep } from "./branch.ts";

/** The block of the branch's last Add, which for whoever joined by it is where its branch begins. */
export function lastAddBlock(steps: readonly BranchStep[]): number | undefined {
  for (const { entry } of steps.toReversed()) {
    if (entry?.verdict.kind === "before-start") return entry.block.number;
    if (entry?.verdict.kind === "adopted" && entry.verdict.adds.length > 0) return entry.block.number;
  }
  return undefined;
}
