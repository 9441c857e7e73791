import { recoverAddress } from "../crypto/secp256k1.ts";
import { identityDigest } from "../wire/identityMessages.ts";
import {
  EMPTY_WORD,
  type IdentityStep,
  MAX_HISTORY_STEPS,
  nextWord,
  type StepConsent,
  type StepSignature,
  signaturesOf,
} from "../wire/identityStep.ts";
import type { Address, InboxId } from "../wire/ids.ts";
import { verifyInstallationProof } from "../wire/installationProof.ts";
import type { Network } from "../wire/network.ts";
import { applyStep, foundInbox } from "./applyStep.ts";
import type { InboxHistory, Vouch } from "./inboxHistory.ts";

/**
 * Why no contract of this network can have written a history.
 *
 * - `too-long`: it goes on where nothing but revocations is taken.
 * - `out-of-order`: a step is of an earlier block or time than the one before it.
 * - `wrong-inbox`: its first step founds another inbox, or none.
 * - `not-permitted`: whoever signed a step might not do that: a wallet that is not linked, not the recovery wallet, a
 *   key that was there before.
 * - `used-nonce`: a signer's numbers do not go up.
 * - `expired`: a step landed after the deadline of its consent.
 */
export type HistoryFault =
  | "too-long"
  | "out-of-order"
  | "wrong-inbox"
  | "not-permitted"
  | "used-nonce"
  | "expired";

export type Replay =
  | { readonly kind: "replayed"; readonly history: InboxHistory | undefined }
  /** `step` is the number of the step, the first being 0. */
  | { readonly kind: "impossible"; readonly fault: HistoryFault; readonly step: number };

/**
 * Replays the steps of one inbox from what is known of it on. Gives who is in it, what vouches for each, and the word
 * that a witness has to confirm. The signatures of wallets with a key of their own are checked here; a signature that
 * does not fit is never a fault, since a contract may have accepted it, but makes the step rest on the word alone.
 * Pure.
 */
export function replayHistory(params: {
  network: Network;
  inbox: InboxId;
  /** Undefined: from the beginning. */
  known: InboxHistory | undefined;
  steps: readonly IdentityStep[];
}): Replay {
  const { network, inbox, steps } = params;
  let history = params.known;
  for (const step of steps) {
    const next = historyAfter({ network, inbox, history, step });
    if (typeof next === "string") return { kind: "impossible", fault: next, step: history?.count ?? 0 };
    history = next;
  }
  return { kind: "replayed", history };
}

function historyAfter(params: {
  network: Network;
  inbox: InboxId;
  history: InboxHistory | undefined;
  step: IdentityStep;
}): InboxHistory | HistoryFault {
  const { network, inbox, history, step } = params;
  const count = history?.count ?? 0;
  if (count >= MAX_HISTORY_STEPS && step.kind !== "revoke-installation") return "too-long";
  if (history && !isLater(history, step)) return "out-of-order";
  if (consentsOf(step).some(({ deadline }) => BigInt(step.time) > deadline)) return "expired";
  const signatures = signaturesOf({ inbox, step });
  const signed = signersAfter({ network, known: history?.signers ?? [], step, signatures });
  if (signed === undefined) return "used-nonce";
  const { signers, vouches } = signed;
  const isVoid = !isProven({ network, inbox, step });
  const standing = history
    ? applyStep({ state: history, step, vouches, isVoid })
    : step.kind === "create-inbox" && foundInbox({ inbox, step, vouches, isVoid });
  if (!standing) return history ? "not-permitted" : "wrong-inbox";
  const word = nextWord({ word: history?.word ?? EMPTY_WORD, step, signatures });
  const { block, time } = step;
  const { recovery, proposal, wallets, installations } = standing;
  return { inbox, count: count + 1, word, block, time, recovery, proposal, wallets, installations, signers };
}

function isLater(history: InboxHistory, { block, time }: IdentityStep): boolean {
  return block === history.block ? time === history.time : block > history.block && time >= history.time;
}

type Signers = InboxHistory["signers"];

/**
 * Gives the wallets that have signed by now, and what vouches for each signature of the step; undefined if a nonce was
 * used before.
 */
function signersAfter(params: {
  network: Network;
  known: Signers;
  step: IdentityStep;
  signatures: readonly StepSignature[];
}): { signers: Signers; vouches: Vouch[] } | undefined {
  const { network, step, signatures } = params;
  const consents = consentsOf(step);
  let signers = params.known;
  const vouches: Vouch[] = [];
  for (const [at, { signer, structHash, signature }] of signatures.entries()) {
    const before = signers.find(({ wallet }) => wallet === signer);
    // A revocation has no nonce.
    const nonce = consents[at]?.nonce;
    if (nonce !== undefined && nonce < (before?.nonce ?? 0n)) return undefined;
    const digest = identityDigest({ network, structHash });
    const isSigned = recoverAddress({ digest, signature }) === signer;
    vouches.push(isSigned ? "secp256k1" : before?.hasKey === true ? "nobody" : "contract");
    const next = nonce === undefined ? (before?.nonce ?? 0n) : nonce + 1n;
    const after = { wallet: signer, nonce: next, hasKey: isSigned || before?.hasKey === true };
    signers = [...signers.filter(({ wallet }) => wallet !== signer), after];
  }
  return { signers, vouches };
}

/** Gives the consents of a step, in the order of its signatures. */
function consentsOf(step: IdentityStep): readonly StepConsent[] {
  if (step.kind === "revoke-installation") return [];
  return step.kind === "link-wallet" ? [step.byConsent, step.walletConsent] : [step.consent];
}

function isProven(params: { network: Network; inbox: InboxId; step: IdentityStep }): boolean {
  const { network, inbox, step } = params;
  if (step.kind !== "create-inbox" && step.kind !== "add-installation") return true;
  const { installation, installationSignature: signature } = step;
  return verifyInstallationProof({ network, inbox, installation, signature });
}

/** Lists the wallets that have shown a key of their own: none of them is ever taken for a contract. */
export function keyWalletsOf(history: InboxHistory | undefined): readonly Address[] {
  return (history?.signers ?? []).filter(({ hasKey }) => hasKey).map(({ wallet }) => wallet);
}
