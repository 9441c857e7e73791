import { revokedAt } from "../../identity/inbox.ts";
import type { ClientCore } from "../core.ts";

/** True once this client has read of its own installation's revocation: it is over for ever. */
export function isRevoked({ self, inboxes }: Pick<ClientCore, "self" | "inboxes">): boolean {
  const { key: installation } = self.installation;
  const snapshot = inboxes.get(self.inbox);
  return snapshot ? revokedAt({ inbox: snapshot.inbox, installation, block: snapshot.asOf }) : false;
}
