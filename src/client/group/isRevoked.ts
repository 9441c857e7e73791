import { revokedAt } from "../../identity/inbox.ts";
import { confirmedInbox } from "../../reconciler/inboxes/confirmedInbox.ts";
import type { CoreParts } from "./core.ts";

/**
 * True once this client has read that its own installation is revoked, and a witness has confirmed it: then it is over
 * for ever.
 */
export function isRevoked({ self, inboxes }: CoreParts<"self" | "inboxes">): boolean {
  const { key: installation } = self.installation;
  const snapshot = inboxes.get(self.inbox);
  const inbox = confirmedInbox(snapshot);
  return snapshot ? revokedAt({ inbox, installation, block: snapshot.asOf }) : false;
}
