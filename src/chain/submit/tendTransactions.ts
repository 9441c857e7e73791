import { steadyMs } from "../../clock/steadyMs.ts";
import { maximum, minimum } from "../../wire/bigintOrder.ts";
import type { Chain } from "../provider/chain.ts";
import { letRest } from "../provider/providers.ts";
import { revertData, rpcFailure, rpcMessage } from "../provider/rpcFailure.ts";
import { formatAbout } from "./coin.ts";
import { freeNonce } from "./freeNonce.ts";
import { leastBid } from "./leastBid.ts";
import type { InFlight, Relayer, RelayerTrouble } from "./openRelayer.ts";
import { type Price, readPrice } from "./readPrice.ts";
import { broadcastTransaction, isKnown, sendTransaction, signTransaction } from "./sendTransaction.ts";

/** After so many blocks, and so long, the first in line offers more although blocks ask for no more. */
const RAISE_AFTER_BLOCKS = 3;
const RAISE_AFTER_MS = 2_000;
/** How often more is offered; after that, the price is not the reason. */
const MAX_RAISES = 8;
/** A provider that did not know a transaction so often, after it had taken it, loses transactions. */
const TIMES_LOST = 3;
/** The first in line does not land, whatever it offers, if it is in none of so many blocks, and not after so long. */
const NOT_LANDING_BLOCKS = 12;
const NOT_LANDING_MS = 10_000;
/** How long trouble stands once nothing is in flight that would show its end. */
const TROUBLE_MS = 30_000;
/** The shortest time between two looks at the transactions in flight. */
export const TEND_MS = 1_000;

type Tended = {
  readonly chain: Chain;
  readonly relayer: Relayer;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Looks after a relayer's transactions that are in no block: offers more where the offer is too low, sends lost ones
 * again by every provider, and turns to another provider where nothing lands. If none of this helps, the relayer's
 * `trouble` says why. Throws the RPC's error.
 */
export async function tendTransactions(params: Tended): Promise<void> {
  const { relayer } = params;
  await relayer.exclusively(async () => {
    if (relayer.inFlight.size > 0 || !relayer.isSettled) await tend(params);
    else if ((relayer.trouble?.untilMs ?? 0) < steadyMs()) relayer.trouble = undefined;
  });
}

/** Does what `tendTransactions` does, for callers within the relayer's queue, and at most once in TEND_MS. */
export async function tend(params: Tended): Promise<void> {
  const { relayer } = params;
  const nowMs = steadyMs();
  if ((relayer.inFlight.size === 0 && relayer.isSettled) || relayer.tendedAtMs + TEND_MS > nowMs) return;
  relayer.tendedAtMs = nowMs;
  const [mined, pending, price] = await Promise.all([
    countTransactions({ ...params, block: "latest" }),
    countTransactions({ ...params, block: "pending" }),
    readPrice(params),
  ]);
  forgetMined(relayer, mined);
  const first = relayer.inFlight.get(mined);
  relayer.isSettled ||= pending <= mined;
  if (first === undefined) {
    if (pending > mined) await freeNonce({ ...params, nonce: mined, price });
    if (relayer.inFlight.size === 0) relayer.trouble = undefined;
    return;
  }
  const known = { ...params, nonce: mined, pending, price };
  // A transaction may have been dropped because it offers too little, so the price comes first.
  const trouble = (await outbid(known)) ? ((await findLost(known)) ?? (await raise(known))) : tooHigh(known);
  relayer.trouble = trouble && { ...trouble, untilMs: nowMs + TROUBLE_MS };
}

/** Counts the account's transactions in blocks, with `pending` also those in the mempool. Throws the RPC's error. */
export async function countTransactions(params: Tended & { block: "latest" | "pending" }): Promise<number> {
  const { chain, relayer, block, signal } = params;
  const count = await chain.client.request(
    { method: "eth_getTransactionCount", params: [relayer.address, block] },
    signal === undefined ? {} : { signal },
  );
  return Number(count);
}

/** Drops the transactions in flight that are in blocks: `mined` is the account's first nonce that is in none. */
export function forgetMined({ inFlight }: Relayer, mined: number): void {
  for (const nonce of inFlight.keys()) if (nonce < mined) inFlight.delete(nonce);
}

/**
 * Replaces a transaction that offers less than blocks ask by the same call at the present price, or at the highest that
 * the relayer may pay. Returns false if that is too little as well. Throws the RPC's error.
 */
export async function outbid(params: Tended & { nonce: number; price: Price }): Promise<boolean> {
  const { relayer, nonce, price } = params;
  const miser = relayer.inFlight.get(nonce);
  if (miser === undefined || miser.transaction.maxFeePerGas >= price.baseFee) return true;
  await replace({ ...params, replaced: miser, raises: miser.raises });
  return price.baseFee <= relayer.maxFeePerGas;
}

async function raise(params: Tended & { nonce: number; price: Price }): Promise<RelayerTrouble | undefined> {
  const { relayer, nonce, price } = params;
  const waiting = relayer.inFlight.get(nonce);
  if (waiting === undefined) return undefined;
  const nowMs = steadyMs();
  const { pricedBlock, pricedMs, sinceBlock, sinceMs, raises } = waiting;
  const isOld = price.block >= pricedBlock + RAISE_AFTER_BLOCKS && nowMs >= pricedMs + RAISE_AFTER_MS;
  if (isOld && raises < MAX_RAISES) await replace({ ...params, replaced: waiting, raises: raises + 1 });
  if (price.block < sinceBlock + NOT_LANDING_BLOCKS || nowMs < sinceMs + NOT_LANDING_MS) return undefined;
  const blocks = price.block - sinceBlock;
  const reason = `what it was sent is in none of ${blocks} blocks`;
  for (const { raw } of relayer.inFlight.values()) await broadcastTransaction({ ...params, raw });
  if (turnFrom({ ...params, reason })) return undefined;
  return {
    code: "chain-unreachable",
    message: `the transaction ${nonce} of ${relayer.address} lands in no block`,
  };
}

/**
 * Turns to another provider, which gets its own time to bring the transactions in flight into a block. Returns false if
 * there is none.
 */
function turnFrom(params: Tended & { price: Price; reason: string }): boolean {
  const { chain, relayer, price, reason } = params;
  if (!letRest({ ...chain, provider: chain.providers.current, reason })) return false;
  const begun = { sinceBlock: price.block, sinceMs: steadyMs(), timesLost: 0 };
  for (const [nonce, waiting] of relayer.inFlight) relayer.inFlight.set(nonce, { ...waiting, ...begun });
  return true;
}

/** Makes the trouble of a relayer that may pay less than blocks ask: nothing lands until they ask for less. */
export function tooHigh(params: { relayer: Relayer; price: Price }): RelayerTrouble {
  const { relayer, price } = params;
  const asked = `blocks ask ${formatAbout(price.baseFee)} for a unit of gas`;
  return {
    code: "fee-too-high",
    message: `${asked}, and ${formatAbout(relayer.maxFeePerGas)} is the most that is paid`,
  };
}

async function replace(
  params: Tended & { nonce: number; price: Price; replaced: InFlight; raises: number },
): Promise<void> {
  const { relayer, nonce, price, replaced, raises } = params;
  const { transaction } = replaced;
  const { fees } = price;
  const maxPriorityFeePerGas = maximum(leastBid(transaction.maxPriorityFeePerGas), fees.maxPriorityFeePerGas);
  const maxFeePerGas = maximum(leastBid(transaction.maxFeePerGas), fees.maxFeePerGas + maxPriorityFeePerGas);
  const bounded = minimum(maxFeePerGas, relayer.maxFeePerGas);
  if (bounded < leastBid(transaction.maxFeePerGas) || bounded < maxPriorityFeePerGas) return;
  const signed = await signTransaction(relayer, {
    ...transaction,
    maxFeePerGas: bounded,
    maxPriorityFeePerGas,
  });
  try {
    await sendTransaction({ ...params, raw: signed.raw });
    const priced = { pricedBlock: price.block, pricedMs: steadyMs(), raises };
    relayer.inFlight.set(nonce, { ...replaced, ...signed, ...priced });
  } catch (error) {
    // The replaced transaction has landed meanwhile, or still waits.
    if (rpcFailure(error) === "unreachable") throw error;
  }
}

/**
 * Sends again the transactions that the provider in use does not have, except a first one that can't land any more. A
 * provider that keeps losing them has to rest. Returns the trouble, if there is no other provider.
 */
async function findLost(
  params: Tended & { pending: number; price: Price },
): Promise<RelayerTrouble | undefined> {
  const { relayer, pending } = params;
  const { inFlight } = relayer;
  const missing = [...inFlight].filter(([nonce]) => nonce >= pending).sort(([a], [b]) => a - b);
  const [first] = missing;
  if (first === undefined || (await isKnown({ ...params, raw: first[1].raw }))) return undefined;
  const timesLost = first[1].timesLost + 1;
  if (timesLost >= TIMES_LOST && (await isObsolete({ ...params, waiting: first[1] })))
    inFlight.delete(first[0]);
  let refusal: string | undefined;
  for (const [nonce, waiting] of missing) {
    if (!inFlight.has(nonce)) continue;
    inFlight.set(nonce, { ...waiting, timesLost: waiting.timesLost + 1 });
    refusal ??= await sendAgain({ ...params, waiting });
  }
  if (refusal !== undefined) return { code: "chain-unreachable", message: `the RPC refuses: ${refusal}` };
  if (timesLost < TIMES_LOST) return undefined;
  const reason = "it loses the transactions that it takes";
  if (turnFrom({ ...params, reason })) return undefined;
  return {
    code: "chain-unreachable",
    message: `the RPC loses what it is sent: ${missing.length} transactions`,
  };
}

/** Sends a transaction again. Returns the RPC's refusal; undefined if it takes the transaction or its nonce is used. */
async function sendAgain(params: Tended & { waiting: InFlight }): Promise<string | undefined> {
  const { raw, timesLost } = params.waiting;
  if (timesLost > 0) await broadcastTransaction({ ...params, raw });
  try {
    await sendTransaction({ ...params, raw });
    return undefined;
  } catch (error) {
    if (rpcFailure(error) === "unreachable") throw error;
    const [words = ""] = rpcMessage(error).split("\n");
    return /nonce/i.test(words) ? undefined : words.slice(0, 200);
  }
}

/** True if a lost transaction's call would revert by now, because another account has done the same. */
async function isObsolete(params: Tended & { waiting: InFlight }): Promise<boolean> {
  const { chain, relayer, waiting, signal } = params;
  const { to, data, value } = waiting.transaction;
  const call = { from: relayer.address, to, data, value: `0x${value.toString(16)}` } as const;
  try {
    const options = signal === undefined ? {} : { signal };
    await chain.client.request({ method: "eth_call", params: [call, "latest"] }, options);
    return false;
  } catch (error) {
    return revertData(error) !== undefined;
  }
}
