import type { RejectReason } from "../records/outcome.ts";
import type { GroupTally } from "../records/records.ts";
import { junkReasons } from "./junkReasons.ts";

/** Of a group's rejected envelopes. */
const MAX_LISTED = 4096;
/** Of them such as anybody can make who serves a topic. */
const MAX_LISTED_JUNK = 1024;

/**
 * True if one more rejected envelope is listed; otherwise it is only counted, so that junk takes no more room than
 * this.
 */
export function isListed(params: { tally: GroupTally; reason: RejectReason }): boolean {
  const { tally, reason } = params;
  const reasons = Object.keys(tally.rejected) as RejectReason[];
  const listed = (of: readonly RejectReason[]) =>
    of.reduce((sum, one) => sum + (tally.rejected[one] ?? 0) - (tally.unlisted[one] ?? 0), 0);
  if (listed(reasons) >= MAX_LISTED) return false;
  return !junkReasons.has(reason) || listed(reasons.filter((one) => junkReasons.has(one))) < MAX_LISTED_JUNK;
}
