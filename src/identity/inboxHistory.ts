import type { Address, Hex, InboxId, InstallationKey } from "../wire/ids.ts";
import type { KnownInbox } from "./inbox.ts";

/**
 * What shows that a wallet meant what a step says. `secp256k1`: its signature, which every client checks. `contract`:
 * the contract of a smart wallet accepted it when it landed, which is known by the word of the history alone. `nobody`:
 * the wallet has signed with its own key before and this is no such signature, so that the step changes nothing.
 */
export type Vouch = "secp256k1" | "contract" | "nobody";

export type HistoryWallet = {
  readonly wallet: Address;
  readonly linkedBlock: number;
  /** Undefined while linked. */
  readonly unlinkedBlock: number | undefined;
  /** What vouches for the weakest signature by which it came in. */
  readonly vouch: Vouch;
};

export type HistoryInstallation = {
  readonly installation: InstallationKey;
  /** The wallet that added it. */
  readonly wallet: Address;
  readonly addedBlock: number;
  /** Undefined while active. */
  readonly revokedBlock: number | undefined;
  /** What vouches for the weakest signature by which it came in. */
  readonly vouch: Vouch;
  /** What vouches for its revocation; undefined while it is not revoked. */
  readonly revocationVouch: Vouch | undefined;
  /** True if its own signature is not for this inbox: it never agreed to enter it. */
  readonly isVoid: boolean;
};

export type RecoveryWallet = { readonly wallet: Address; readonly vouch: Vouch };

/** What the steps of an inbox come to, as the contract has it, and what shows each of them. */
export type InboxHistory = {
  readonly inbox: InboxId;
  /** How many steps there are, and the word that they give: what a witness is asked for. */
  readonly count: number;
  readonly word: Hex;
  /** The block and time of the last step; seconds since 1970. */
  readonly block: number;
  readonly time: number;
  /** The recovery wallet at the time of the last step; a proposal may have come into force since. */
  readonly recovery: RecoveryWallet;
  /** The proposed recovery wallet, in force from `changesAt` (seconds since 1970) on. */
  readonly proposal: (RecoveryWallet & { readonly changesAt: number }) | undefined;
  readonly wallets: readonly HistoryWallet[];
  readonly installations: readonly HistoryInstallation[];
  /**
   * Every wallet that has signed, with the lowest nonce that it may sign next, and whether a key of its own was seen.
   */
  readonly signers: readonly { readonly wallet: Address; readonly nonce: bigint; readonly hasKey: boolean }[];
};

/** Gives the recovery wallet in force at a time (seconds since 1970). */
export function recoveryAt(params: {
  history: Pick<InboxHistory, "recovery" | "proposal">;
  time: number;
}): RecoveryWallet {
  const { history, time } = params;
  const { recovery, proposal } = history;
  return proposal !== undefined && time >= proposal.changesAt
    ? { wallet: proposal.wallet, vouch: proposal.vouch }
    : recovery;
}

/**
 * True for an installation that is on the chain and never counts: it did not agree to enter, or nobody vouches for it.
 */
export function neverCounts({ vouch, isVoid }: Pick<HistoryInstallation, "vouch" | "isVoid">): boolean {
  return isVoid || vouch === "nobody";
}

/**
 * Gives what judging needs: installations that agreed to enter and that somebody vouches for, with revocations
 * likewise.
 */
export function knownInboxOf({ inbox, installations }: InboxHistory): KnownInbox {
  return {
    inbox,
    installations: installations
      .filter((one) => !neverCounts(one))
      .map(({ installation, addedBlock, revokedBlock, revocationVouch }) => ({
        installation,
        addedBlock,
        revokedBlock: revocationVouch === "nobody" ? undefined : revokedBlock,
      })),
  };
}
