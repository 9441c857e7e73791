import { recoveryAt, type Vouch } from "../../identity/inboxHistory.ts";
import type { Address, InboxId, InstallationKey } from "../../wire/ids.ts";
import type { InboxSnapshot } from "../records/records.ts";

export type InstallationSummary = {
  readonly installation: InstallationKey;
  /** The wallet that added it. */
  readonly wallet: Address;
  readonly addedBlock: number;
  /** Undefined while it is active. */
  readonly revokedBlock: number | undefined;
  /** Of these blocks, in seconds since 1970; only where a wallet asked, and undefined if two operators do not agree. */
  readonly addedTime?: number | undefined;
  readonly revokedTime?: number | undefined;
  /** This client's own. */
  readonly isSelf: boolean;
  /**
   * What shows that it belongs to the inbox: the signature of a wallet's own key, which this client has checked, or no
   * more than the chain's word that a smart wallet's contract agreed.
   */
  readonly vouchedBy: "secp256k1" | "contract";
};

export type WalletSummary = {
  readonly wallet: Address;
  readonly linkedBlock: number;
  /** Undefined while it is linked. */
  readonly unlinkedBlock: number | undefined;
  /** As of an installation; `nobody`: it signed with a key of its own before, and not when it was linked. */
  readonly vouchedBy: Vouch;
};

/** Who may act for an inbox, and whether that is all. */
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
   * Undefined: it is complete. `unread`: no node has told of the inbox yet. `unconfirmed`: all that is listed was
   * signed, but only one node has said that there is no more.
   */
  readonly incomplete: "unread" | "unconfirmed" | undefined;
};

/** Tells what a snapshot says, as an app shows it to people. */
export function listOf(params: {
  inbox: InboxId;
  snapshot: InboxSnapshot | undefined;
  /** This client's own; undefined: whoever asks is none. */
  self: InstallationKey | undefined;
  /** What time it is for the network. */
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

/** Those that count, as everybody judges them. */
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
