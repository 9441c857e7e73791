import { deadlineAfter, type Signer } from "../../chain/sign/signIdentity.ts";
import type { Wallet } from "../../chain/sign/wallet.ts";
import { steadyMs } from "../../clock/steadyMs.ts";
import { waitMs } from "../../clock/waitMs.ts";
import { type ErrorCode, WeftError } from "../../errors.ts";
import type { IdentityAction } from "../../wire/identityAction.ts";
import { type Address, asAddress } from "../../wire/ids.ts";
import { isNodeFault } from "../nodes/askNodes.ts";
import { askWallet } from "../nodes/askWallet.ts";
import { networkMs } from "../nodes/chainTime.ts";
import { hearOwnChain } from "../nodes/hearOwnChain.ts";
import { activeNodes, answeringFirst } from "../nodes/nodeLinks.ts";
import { type IdentityOutcome, relayRecord } from "../nodes/relayRecord.ts";
import type { OpenWallet } from "./openWallet.ts";
import { readStanding } from "./readStanding.ts";
import {
  isDone,
  refusalOf,
  refused,
  type Standing,
  type WalletChange,
  type WalletReason,
  type WalletRefusal,
} from "./walletChange.ts";

/**
 * How far a change of an inbox's wallets is: `signing`, a wallet was asked for its signature, and a person may have to
 * confirm that; `sent`, nodes or the chain have it.
 */
export type WalletProgress =
  | { readonly kind: "signing"; readonly wallet: Address }
  | { readonly kind: "sent"; readonly times: number };

/** The end of a change: the inbox stands so, or why it does not. */
type Landed = { readonly kind: "done"; readonly standing: Standing } | WalletRefusal;

/** What did not land within this time is handed over again, to another node. */
const SEND_AGAIN_MS = 3_000;
const POLL_MS = 200;
const PATIENCE_MS = 60_000;
/** How long a second operator is waited for to confirm what one has told. */
const CONFIRM_MS = 3_000;
/** How long a refusal may be due to a node that has not read yet what has landed. */
const LAG_MS = 2_000;

/** Reasons by the codes of refusals that the standing does not explain. */
const reasons: Partial<Record<ErrorCode, WalletReason>> = {
  "bad-signature": "bad-signature",
  expired: "expired",
  replayed: "nonce-used",
  "not-allowed": "not-permitted",
  "unknown-record": "not-permitted",
};

/**
 * Brings a change of an inbox's wallets to the chain: looks first whether it is done already, or why it can't be, then
 * has it signed, once, and sends the same record until the chain lists it. Throws what reading and signing throw, the
 * code of a refusal that may pass, `chain-unreachable` if it does not land within a minute.
 */
export async function landWalletChange(params: {
  opened: OpenWallet;
  change: WalletChange;
  /** Signs, with what `signerOf` gives for each wallet that has to. */
  sign: (signerOf: (wallet: Wallet) => Promise<Signer>) => Promise<IdentityAction>;
  onProgress?: ((progress: WalletProgress) => void) | undefined;
}): Promise<Landed> {
  const { opened, change, sign, onProgress } = params;
  const { inbox } = opened;
  const by = asAddress(opened.wallet.address);
  const wallets = "wallet" in change ? [by, change.wallet] : [by];
  const counts = change.kind === "unlink" && !change.evenLast;
  const standing = await readStanding({ opened, wallets, looksElsewhere: change.kind === "link", counts });
  // Who unlinks or vetoes what is not there may have named the wrong one.
  const mayBeDone = change.kind === "link" || change.kind === "propose-recovery";
  if (mayBeDone && isDone({ inbox, change, standing })) return { kind: "done", standing };
  const refusal = refusalOf({ inbox, change, by, standing });
  if (refusal) return refusal;

  await hearOwnChain(opened);
  const deadline = deadlineAfter({ nowMs: networkMs(opened.links) });
  const signers: Signer[] = [];
  const action = await sign(async (wallet) => {
    const { nonce } = await nonceOf(opened, asAddress(wallet.address));
    const signer = { wallet: telling(wallet, onProgress), nonce, deadline };
    signers.push(signer);
    return signer;
  });
  return await sendUntilListed({ ...{ opened, change, by, wallets, signers, action }, onProgress });
}

async function sendUntilListed(params: {
  opened: OpenWallet;
  change: WalletChange;
  by: Address;
  wallets: readonly Address[];
  signers: readonly Signer[];
  action: IdentityAction;
  onProgress: ((progress: WalletProgress) => void) | undefined;
}): Promise<Landed> {
  const { opened, change, by, wallets, signers, action, onProgress } = params;
  const { inbox, signal, links } = opened;
  const untilMs = steadyMs() + PATIENCE_MS;
  let sentMs = Number.NEGATIVE_INFINITY;
  let doneMs: number | undefined;
  let refusedMs: number | undefined;
  let outcome: IdentityOutcome | undefined;
  for (let times = 0; steadyMs() < untilMs; ) {
    if (steadyMs() - sentMs >= SEND_AGAIN_MS) {
      const sending = relayRecord({ ...opened, ranked: activeNodes(links), action, turn: times++ });
      outcome = await unlessFault(opened, sending);
      sentMs = steadyMs();
      if (outcome && outcome.kind !== "refused") onProgress?.({ kind: "sent", times });
    }
    const reading = readStanding({ opened, wallets, looksElsewhere: false, counts: false });
    const standing = await unlessFault(opened, reading);
    if (standing && isDone({ inbox, change, standing })) {
      doneMs ??= steadyMs();
      if (standing.isConfirmed || steadyMs() - doneMs > CONFIRM_MS) return { kind: "done", standing };
    }
    // A record that waits for a block uses its own nonce, too.
    if (outcome?.kind === "refused" && (outcome.code !== "replayed" || (await isUsed(opened, signers)))) {
      const explained = standing && refusalOf({ inbox, change, by, standing });
      if (explained) return explained;
      refusedMs ??= steadyMs();
      if (outcome.code === "bad-signature" || steadyMs() - refusedMs > LAG_MS) return endOf(outcome);
    } else {
      refusedMs = undefined;
    }
    await waitMs({ ms: POLL_MS, signal });
    signal.throwIfAborted();
  }
  throw tooLate(change);
}

/** Tells whenever the wallet is asked to sign. */
function telling(wallet: Wallet, onProgress: ((progress: WalletProgress) => void) | undefined): Wallet {
  const { address, passkey } = wallet;
  return {
    address,
    ...(passkey ? { passkey } : {}),
    signTypedData: (data) => {
      onProgress?.({ kind: "signing", wallet: asAddress(address) });
      return wallet.signTypedData(data);
    },
  };
}

async function nonceOf(opened: OpenWallet, wallet: Address) {
  return await askWallet({ ...opened, ranked: answeringFirst(opened.links), wallet });
}

/** True if the chain has taken a record of one of these wallets since: what they signed can't land any more. */
async function isUsed(opened: OpenWallet, signers: readonly Signer[]): Promise<boolean> {
  const nonces = signers.map(({ wallet }) => unlessFault(opened, nonceOf(opened, asAddress(wallet.address))));
  return (await Promise.all(nonces)).some((state, at) => state && state.nonce > (signers[at]?.nonce ?? 0n));
}

/** Gives undefined where nodes or the chain fail: they are asked again. */
async function unlessFault<T>({ signal }: OpenWallet, answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (signal.aborted || !isNodeFault(error)) throw error;
    return undefined;
  }
}

/** Throws the code of a refusal that may pass, such as that of a node whose budget is used up. */
function endOf({ code, hint, retryAfterMs }: Extract<IdentityOutcome, { kind: "refused" }>): WalletRefusal {
  const reason = reasons[code];
  if (reason) return refused({ reason });
  throw new WeftError({ code, message: `the change was refused: ${code}`, hint, retryAfterMs });
}

function tooLate({ kind }: WalletChange): WeftError {
  const message = `it is not on the chain after ${PATIENCE_MS / 1_000} s: ${kind}`;
  const hint = "Do it again: what has landed meanwhile stays.";
  return new WeftError({ code: "chain-unreachable", message, hint });
}
