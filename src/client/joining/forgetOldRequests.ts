import { consentTo } from "../group/consent.ts";
import type { CoreParts } from "../group/core.ts";
import { forgetGroup } from "../group/forgetGroup.ts";

/** How many requests are kept: whoever sends more pushes out the oldest. */
export const MAX_REQUESTS = 256;

/** Forgets the oldest requests beyond those that are kept; one in which something is still to be done stays. */
export async function forgetOldRequests(
  core: Parameters<typeof forgetGroup>[0]["core"] & CoreParts<"asksConsent" | "consents" | "self">,
): Promise<void> {
  const requests = [...core.groups.values()].filter(
    ({ view }) => consentTo(core, view.record) === "unknown" && view.intents.length === 0,
  );
  const newestFirst = requests.toSorted((a, b) => b.view.record.createdAtMs - a.view.record.createdAtMs);
  for (const group of newestFirst.slice(MAX_REQUESTS)) await forgetGroup({ core, group });
}
