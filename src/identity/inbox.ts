import type { InboxId, InstallationKey } from "../wire/ids.ts";

/** An installation's time in its inbox. */
type InstallationSpan = {
  readonly installation: InstallationKey;
  readonly addedBlock: number;
  /** Undefined while active. */
  readonly revokedBlock?: number | undefined;
};

/** What judging needs of an inbox. */
export type KnownInbox = { readonly inbox: InboxId; readonly installations: readonly InstallationSpan[] };

/** True if the installation is in the inbox at the end of `block`. */
export function activeAt(params: {
  inbox: KnownInbox | undefined;
  installation: InstallationKey;
  block: number;
}): boolean {
  const { inbox, installation, block } = params;
  const found = inbox?.installations.find((one) => one.installation === installation);
  return found !== undefined && found.addedBlock <= block && !isRevokedAt({ ...found, block });
}

/** Lists all installations of the inbox at the end of `block`. */
export function activeInstallations(params: { inbox: KnownInbox; block: number }): InstallationKey[] {
  const { inbox, block } = params;
  return inbox.installations
    .map(({ installation }) => installation)
    .filter((installation) => activeAt({ inbox, installation, block }));
}

/** True if the installation was revoked by the end of `block`; once revoked, it is so for ever. */
export function revokedAt(params: {
  inbox: KnownInbox | undefined;
  installation: InstallationKey;
  block: number;
}): boolean {
  const found = params.inbox?.installations.find((one) => one.installation === params.installation);
  return found !== undefined && isRevokedAt({ ...found, block: params.block });
}

function isRevokedAt(params: { revokedBlock?: number | undefined; block: number }): boolean {
  return params.revokedBlock !== undefined && params.revokedBlock <= params.block;
}
