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

/** Blocks, and time, after which the first in line offers more though a block asks no more than it offers. */
const RAISE_AFTER_BLOCKS = 3;
const RAISE_AFTER_MS = 2_000;
/** How often: it is not the price then. */
const MAX_RAISES = 8;
/** A transaction that was sent so often, and is not known a moment later, is lost by whoever takes it. */
const TIMES_LOST = 3;
/** The first in line is in no block after so many, and so long, whatever it offers. */
const NOT_LANDING_BLOCKS = 12;
const NOT_LANDING_MS = 10_000;
/** How long trouble is believed in once nothing is in flight that would show its end. */
const TROUBLE_MS = 30_000;
/** How often what is in flight is looked after at most. */
export const TEND_MS = 1_000;

type Tended = {
  readonly chain: Chain;
  readonly relayer: Relayer;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Looks after what a relayer has sent and no block has: offers more where that is too little, sends again what was lost,
 * by every provider, and turns to another one where nothing lands. What does not help is the relayer's `trouble`.
 * Throws what the RPC's failure was.
 */
export async function tendTransactions(params: Tended): Promise<void> {
  const { relayer } = params;
  await relayer.exclusively(async () => {
    if (relayer.inFlight.size > 0 || !relayer.isSettled) await tend(params);
    else if ((relayer.trouble?.untilMs ?? 0) < steadyMs()) relayer.trouble = undefined;
  });
}

/** As `tendTransactions`, from within the relayer's queue; not more often than every TEND_MS. */
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
  // What offers too little may have been dropped for that: the price comes first.
  const trouble = (await outbid(known)) ? ((await findLost(known)) ?? (await raise(known))) : tooHigh(known);
  relayer.trouble = trouble && { ...trouble, untilMs: nowMs + TROUBLE_MS };
}

export async function countTransactions(params: Tended & { block: "latest" | "pending" }): Promise<number> {
  const { chain, relayer, block, signal } = params;
  const count = await chain.client.request(
    { method: "eth_getTransactionCount", params: [relayer.address, block] },
    signal === undefined ? {} : { signal },
  );
  return Number(count);
}

export function forgetMined({ inFlight }: Relayer, mined: number): void {
  for (const nonce of inFlight.keys()) if (nonce < mined) inFlight.delete(nonce);
}

/**
 * What offers less than a block asks lands in none: the same call takes its place, at today's price, or at the highest
 * that the relayer may pay. False if that is too little as well.
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

/** Whoever comes next has its own time to bring what is in flight into a block. False if nobody does. */
function turnFrom(params: Tended & { price: Price; reason: string }): boolean {
  const { chain, relayer, price, reason } = params;
  if (!letRest({ ...chain, provider: chain.providers.current, reason })) return false;
  const begun = { sinceBlock: price.block, sinceMs: steadyMs(), timesLost: 0 };
  for (const [nonce, waiting] of relayer.inFlight) relayer.inFlight.set(nonce, { ...waiting, ...begun });
  return true;
}

/** Named for what it is: nothing of this account lands until blocks cost less. */
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
    // It has landed meanwhile, or waits on as it is.
    if (rpcFailure(error) === "unreachable") throw error;
  }
}

/** Sends again what the provider in use does not have, unless it can't land any more; whoever loses what it takes rests. */
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

/** Why it is not taken; undefined: it is, or has landed. */
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

/** Whether a call that nobody has any more would revert by now: somebody else has done it. */
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
