import type { RejectReason } from "../records/outcome.ts";
import type { GroupTally } from "../records/records.ts";
import { junkReasons } from "./junkReasons.ts";

/** The number of a group's rejected envelopes that are listed. */
const MAX_LISTED = 4096;
/** The number of listed envelopes that may be of the kinds which anybody who serves a topic can make. */
const MAX_LISTED_JUNK = 1024;

/** True if one more rejected envelope is listed; otherwise it is only counted, so that junk takes no more room. */
export function isListed(params: { tally: GroupTally; reason: RejectReason }): boolean {
  const { tally, reason } = params;
  const reasons = Object.keys(tally.rejected) as RejectReason[];
  const listed = (of: readonly RejectReason[]) =>
    of.reduce((sum, one) => sum + (tally.rejected[one] ?? 0) - (tally.unlisted[one] ?? 0), 0);
  if (listed(reasons) >= MAX_LISTED) return false;
  return !junkReasons.has(reason) || listed(reasons.filter((one) => junkReasons.has(one))) < MAX_LISTED_JUNK;
}
