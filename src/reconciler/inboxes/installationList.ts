import { recoveryAt, type Vouch } from "../../identity/inboxHistory.ts";
import type { Address, InboxId, InstallationKey } from "../../wire/ids.ts";
import type { InboxSnapshot } from "../records/records.ts";

export type InstallationSummary = {
  readonly installation: InstallationKey;
  /** The wallet that added the installation. */
  readonly wallet: Address;
  readonly addedBlock: number;
  /** Undefined while it is active. */
  readonly revokedBlock: number | undefined;
  /**
   * Times of these blocks, in seconds since 1970. They are there only if the list was asked for by a wallet, and
   * undefined if two operators do not agree on them.
   */
  readonly addedTime?: number | undefined;
  readonly revokedTime?: number | undefined;
  /** The installation is this client's own. */
  readonly isSelf: boolean;
  /**
   * Who vouches for the installation: `secp256k1` if this client has checked a signature by the wallet's own key,
   * `contract` if only the chain's word shows that a smart wallet's contract agreed.
   */
  readonly vouchedBy: "secp256k1" | "contract";
};

export type WalletSummary = {
  readonly wallet: Address;
  readonly linkedBlock: number;
  /** Undefined while it is linked. */
  readonly unlinkedBlock: number | undefined;
  /**
   * As of an installation; `nobody`: the wallet had signed with a key of its own before, but its link is not signed
   * with that key.
   */
  readonly vouchedBy: Vouch;
};

/** Who may act for an inbox, and whether the list is complete. */
export type InstallationList = {
  readonly inbox: InboxId;
  readonly installations: readonly InstallationSummary[];
  readonly wallets: readonly WalletSummary[];
  /** The wallet that may revoke every installation; undefined if the registry does not know the inbox. */
  readonly recovery: { readonly wallet: Address; readonly vouchedBy: Vouch } | undefined;
  /** A wallet that will take its place, from `changesAt` (seconds since 1970) on. */
  readonly nextRecovery:
    | { readonly wallet: Address; readonly vouchedBy: Vouch; readonly changesAt: number }
    | undefined;
  /** The block at whose end the list holds; undefined if nobody has told of the inbox. */
  readonly asOfBlock: number | undefined;
  /**
   * Undefined: the list is complete. `unread`: no node has told of the inbox yet. `unconfirmed`: everything in the list
   * was signed, but only one node says that nothing is missing.
   */
  readonly incomplete: "unread" | "unconfirmed" | undefined;
};

/** Tells what a snapshot says, as an app shows it to people. */
export function listOf(params: {
  inbox: InboxId;
  snapshot: InboxSnapshot | undefined;
  /** This client's own installation; undefined if somebody asks who has none. */
  self: InstallationKey | undefined;
  /** The present time of the network, milliseconds since 1970. */
  nowMs: number;
}): InstallationList {
  const { inbox, snapshot, self, nowMs } = params;
  const isRead = snapshot !== undefined && snapshot.asOf >= 0;
  const incomplete = !isRead ? "unread" : snapshot.isProvisional ? "unconfirmed" : undefined;
  const history = snapshot?.history;
  const common = { inbox, asOfBlock: isRead ? snapshot.asOf : undefined, incomplete } as const;
  if (!history) {
    return { ...common, installations: [], wallets: [], recovery: undefined, nextRecovery: undefined };
  }
  const recovery = recoveryAt({ history, time: Math.floor(nowMs / 1000) });
  const { proposal } = history;
  const isPending = proposal !== undefined && proposal.changesAt * 1000 > nowMs;
  return {
    ...common,
    installations: installationsOf({ snapshot, self }),
    wallets: history.wallets.map(({ vouch: vouchedBy, ...wallet }) => ({ ...wallet, vouchedBy })),
    recovery: { wallet: recovery.wallet, vouchedBy: recovery.vouch },
    nextRecovery: isPending
      ? { wallet: proposal.wallet, vouchedBy: proposal.vouch, changesAt: proposal.changesAt }
      : undefined,
  };
}

/** Lists the installations that count, as everybody judges them. */
function installationsOf(params: {
  snapshot: InboxSnapshot;
  self: InstallationKey | undefined;
}): InstallationSummary[] {
  const { snapshot, self } = params;
  const known = snapshot.inbox?.installations ?? [];
  return known.flatMap(({ installation, addedBlock, revokedBlock }): InstallationSummary[] => {
    const added = snapshot.history?.installations.find((one) => one.installation === installation);
    if (!added || added.vouch === "nobody") return [];
    const isSelf = installation === self;
    const { wallet, vouch: vouchedBy } = added;
    return [{ installation, wallet, addedBlock, revokedBlock, isSelf, vouchedBy }];
  });
}
