import type { KnownInbox } from "../../identity/inbox.ts";
import type { InboxSnapshot } from "../records/records.ts";

/**
 * Tells what an inbox was at the last block for which a witness has confirmed its history: whatever one node alone has
 * told since takes nothing away and adds nothing.
 */
export function confirmedInbox(snapshot: InboxSnapshot | undefined): KnownInbox | undefined {
  if (!snapshot?.inbox || !snapshot.isProvisional) return snapshot?.inbox;
  const { inbox, confirmedAsOf: block } = snapshot;
  const installations = inbox.installations
    .filter(({ addedBlock }) => addedBlock <= block)
    .map((one) => ((one.revokedBlock ?? 0) > block ? { ...one, revokedBlock: undefined } : one));
  return { ...inbox, installations };
}
