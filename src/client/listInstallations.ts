import type { InboxId, InstallationKey } from "../wire/ids.ts";
import { type Client, coreOf } from "./client.ts";

export type InstallationSummary = {
  readonly installation: InstallationKey;
  readonly addedBlock: number;
  /** Undefined while it is active. */
  readonly revokedBlock: number | undefined;
  /** This client's own. */
  readonly isSelf: boolean;
};

/**
 * The installations of this client's inbox, or of another one that it shares a group with, as of the last word of the
 * registry that it has read; reads no network.
 */
export function listInstallations(params: { client: Client; inbox?: InboxId }): InstallationSummary[] {
  const { self, inboxes } = coreOf(params.client);
  const known = inboxes.get(params.inbox ?? self.inbox)?.inbox?.installations ?? [];
  return known.map(({ installation, addedBlock, revokedBlock }) => ({
    ...{ installation, addedBlock, revokedBlock },
    isSelf: installation === self.installation.key,
  }));
}
