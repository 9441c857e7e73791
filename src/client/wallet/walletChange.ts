import { MAX_HISTORY_STEPS } from "../../wire/identityStep.ts";
import type { Address, InboxId } from "../../wire/ids.ts";

/** What a wallet wants changed among the wallets of an inbox. */
export type WalletChange =
  | { readonly kind: "link"; readonly wallet: Address }
  | { readonly kind: "unlink"; readonly wallet: Address; readonly evenLast: boolean }
  | { readonly kind: "propose-recovery"; readonly recovery: Address }
  | { readonly kind: "veto-recovery"; readonly recovery: Address };

/** Why the wallets of an inbox stay as they are, each with what to do next. */
export const walletReasons = {
  "in-another-inbox": "A wallet is in one inbox at a time: unlink it there first, or link another one.",
  "not-linked": "The wallet is not in this inbox: `weft wallets` (`listInstallations`) tells which are.",
  "last-wallet":
    "Without a wallet the inbox could never have one again, nor another device: link another wallet first, or say that you mean it (`evenLast`).",
  "not-permitted":
    "Wallets are linked and recovery wallets proposed by a linked wallet; a wallet is unlinked by itself or by the recovery wallet; a proposal is vetoed by the recovery wallet in force.",
  "too-early": "The wallet is not the recovery wallet yet: wait for the time that is named.",
  "too-late": "The proposed wallet is the recovery wallet already: nobody can veto that any more.",
  "nothing-pending": "Nobody has proposed this recovery wallet, or the proposal was vetoed or replaced.",
  "bad-signature":
    "The chain does not accept the wallet's signature: sign with the wallet's own key, or mend its contract.",
  "nonce-used": "Another record of the wallet landed first: look at the inbox, then do it again.",
  expired: "It did not reach the chain in time: do it again.",
  "history-full":
    "The inbox has changed so often that the chain takes nothing but revocations: found another.",
} as const;

export type WalletReason = keyof typeof walletReasons;

/** Nothing has changed, and why. */
export type WalletRefusal = {
  readonly kind: "refused";
  readonly reason: WalletReason;
  readonly hint: string;
  /** The inbox that the wallet is in, if the reason is `in-another-inbox`. */
  readonly otherInbox?: InboxId;
  /** The time when the wallet becomes the recovery wallet, in seconds since 1970, if the reason is `too-early`. */
  readonly changesAt?: number;
};

/** What a change of an inbox's wallets depends on, as nodes or the chain tell it. */
export type Standing = {
  /** The inbox of each wallet that was asked about; undefined: in none. */
  readonly inboxOf: ReadonlyMap<Address, InboxId | undefined>;
  /** How many wallets are linked; undefined if that was not asked for. */
  readonly linked: number | undefined;
  /** The recovery wallet in force. */
  readonly recovery: Address;
  /** The proposed recovery wallet, in force from `changesAt` (seconds since 1970) on. */
  readonly proposal: { readonly wallet: Address; readonly changesAt: number } | undefined;
  /** How many steps the inbox's history has. */
  readonly steps: number;
  /** True if a second operator has confirmed it, or the client's own endpoint tells it. */
  readonly isConfirmed: boolean;
};

/** True if an inbox stands as a change wants it. */
export function isDone(params: { inbox: InboxId; change: WalletChange; standing: Standing }): boolean {
  const { inbox, change, standing } = params;
  const { recovery, proposal, inboxOf } = standing;
  switch (change.kind) {
    case "link":
      return inboxOf.get(change.wallet) === inbox;
    case "unlink":
      return inboxOf.get(change.wallet) !== inbox;
    case "propose-recovery":
      return (proposal?.wallet ?? recovery) === change.recovery;
    case "veto-recovery":
      return proposal?.wallet !== change.recovery && recovery !== change.recovery;
  }
}

/** Says why the chain would not take a change that is not done, or why it had better not; undefined: it may. */
export function refusalOf(params: {
  inbox: InboxId;
  change: WalletChange;
  by: Address;
  standing: Standing;
}): WalletRefusal | undefined {
  const { standing } = params;
  const found = reasonOf(params);
  if (found) return refused(found);
  return standing.steps >= MAX_HISTORY_STEPS ? refused({ reason: "history-full" }) : undefined;
}

export function refused(params: Omit<WalletRefusal, "kind" | "hint">): WalletRefusal {
  return { kind: "refused", hint: walletReasons[params.reason], ...params };
}

type Found = Omit<WalletRefusal, "kind" | "hint"> | undefined;

function reasonOf(params: { inbox: InboxId; change: WalletChange; by: Address; standing: Standing }): Found {
  const { inbox, change, by, standing } = params;
  const { inboxOf, recovery, proposal } = standing;
  const isLinked = (wallet: Address): boolean => inboxOf.get(wallet) === inbox;
  const isRecovery = by === recovery;
  switch (change.kind) {
    case "link": {
      const otherInbox = inboxOf.get(change.wallet);
      if (otherInbox !== undefined) return { reason: "in-another-inbox", otherInbox };
      return isLinked(by) ? undefined : { reason: "not-permitted" };
    }
    case "unlink":
      if (!isLinked(change.wallet)) return { reason: "not-linked" };
      if (by !== change.wallet && !isRecovery) {
        return proposal?.wallet === by
          ? { reason: "too-early", changesAt: proposal.changesAt }
          : { reason: "not-permitted" };
      }
      return !change.evenLast && standing.linked === 1 ? { reason: "last-wallet" } : undefined;
    case "propose-recovery":
      return isRecovery || isLinked(by) ? undefined : { reason: "not-permitted" };
    case "veto-recovery":
      if (proposal?.wallet !== change.recovery) {
        return { reason: recovery === change.recovery ? "too-late" : "nothing-pending" };
      }
      return isRecovery ? undefined : { reason: "not-permitted" };
  }
}
