import type { BranchStep } from "../branch/branch.ts";
import type { GroupView } from "./viewOfGroup.ts";

/**
 * Picks the epoch to which this client seals messages: the present one, unless it has a member whom only one node
 * names; then the last earlier epoch without such a member, if nobody was removed since. Undefined if there is none: no
 * node knows the root of a group that was just founded, and nobody else is in it. Pure.
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
