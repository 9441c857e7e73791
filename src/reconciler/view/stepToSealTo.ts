import type { BranchStep } from "../branch/branch.ts";
import type { GroupView } from "./viewOfGroup.ts";

/**
 * Picks the epoch that this client seals messages to: the present one, unless one node alone says that it has
 * somebody in it; then the last one before that, if nobody was taken out since. Undefined if there is none: no node
 * knows the root of a group that was just founded, and nobody else is in it. Pure.
 */
export function stepToSealTo(
  view: Pick<GroupView, "branch" | "provisional" | "record">,
): BranchStep | undefined {
  const { steps } = view.branch;
  if (view.provisional.length === 0) return steps.at(-1);
  const first = steps.findIndex(({ entry }) => entry?.isProvisional && !isKnownCompany(entry.verdict));
  if (first < 0) return steps.at(-1);
  const isNarrower = steps.slice(first).some(({ entry }) => entry && takesOut(entry.verdict));
  const before = steps[first - 1];
  return isNarrower || before?.head === view.record.group ? undefined : before;
}

type Verdict = NonNullable<BranchStep["entry"]>["verdict"];

function isKnownCompany(verdict: Verdict): boolean {
  return verdict.kind === "adopted" && verdict.adds.length === 0;
}

function takesOut(verdict: Verdict): boolean {
  return verdict.kind === "adopted" && verdict.removes.length > 0;
}
