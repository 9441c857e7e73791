import type { Address, InboxId, InstallationKey } from "../wire/ids.ts";
import { verifyInstallationProof } from "../wire/installationProof.ts";
import type { Network } from "../wire/network.ts";

/** An installation's time in its inbox. */
type InstallationSpan = {
  readonly installation: InstallationKey;
  readonly addedBlock: number;
  /** Undefined while active. */
  readonly revokedBlock?: number | undefined;
};

/** What judging needs of an inbox. */
export type KnownInbox = { readonly inbox: InboxId; readonly installations: readonly InstallationSpan[] };

/** What the registry says of one inbox, as a node serves it. */
export type InboxRecord = {
  readonly inbox: InboxId;
  readonly wallets: readonly {
    readonly wallet: Address;
    readonly linkedBlock: number;
    /** Undefined while linked. */
    readonly unlinkedBlock: number | undefined;
  }[];
  readonly installations: readonly (InstallationSpan & {
    /** That added it. */
    readonly wallet: Address;
    /** The installation's own. */
    readonly signature: Uint8Array;
  })[];
  readonly recovery: Address;
};

/**
 * Checks a served record: `undefined` if it speaks of another inbox; installations that never agreed to enter the
 * inbox are left out, as if they were not on the chain. What was checked once need not be again.
 */
export function checkInbox(params: {
  record: InboxRecord;
  inbox: InboxId;
  network: Network;
  /** The same inbox, as it was checked before. */
  known?: KnownInbox | undefined;
}): InboxRecord | undefined {
  const { record, inbox, network, known } = params;
  if (record.inbox !== inbox) return undefined;
  const agreed = new Set(known?.installations.map(({ installation }) => installation));
  const installations = record.installations.filter(
    ({ installation, signature }) =>
      agreed.has(installation) || verifyInstallationProof({ network, inbox, installation, signature }),
  );
  return { ...record, installations };
}

/** Whether the installation is in the inbox at the end of `block`. */
export function activeAt(params: {
  inbox: KnownInbox | undefined;
  installation: InstallationKey;
  block: number;
}): boolean {
  const { inbox, installation, block } = params;
  const found = inbox?.installations.find((one) => one.installation === installation);
  return found !== undefined && found.addedBlock <= block && !isRevokedAt({ ...found, block });
}

/** All installations of the inbox at the end of `block`. */
export function activeInstallations(params: { inbox: KnownInbox; block: number }): InstallationKey[] {
  const { inbox, block } = params;
  return inbox.installations
    .map(({ installation }) => installation)
    .filter((installation) => activeAt({ inbox, installation, block }));
}

/** Whether the installation was revoked by the end of `block`; once revoked, for ever. */
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
