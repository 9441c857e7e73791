import { steadyMs } from "../../clock/steadyMs.ts";
import { WeftError } from "../../errors.ts";
import type { Address, Hex } from "../../wire/ids.ts";
import type { Chain } from "../provider/chain.ts";
import { revertData, rpcFailure, rpcMessage } from "../provider/rpcFailure.ts";
import { formatAbout, formatCoin } from "./coin.ts";
import type { InFlight, Relayer, Signed } from "./openRelayer.ts";
import { type Price, readPrice } from "./readPrice.ts";
import { sendTransaction, signTransaction } from "./sendTransaction.ts";
import { countTransactions, forgetMined, outbid, tend, tooHigh } from "./tendTransactions.ts";

/** A call of a contract that a relayer is to sign, send and pay for. */
export type Call = {
  readonly chain: Chain;
  readonly relayer: Relayer;
  readonly to: Address;
  readonly data: Hex;
  readonly valueWei?: bigint;
  readonly permit?: Permit | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** Told what a call may cost at most before the call is signed; ends the call by throwing. */
export type Permit = (costs: {
  readonly gas: bigint;
  readonly wei: bigint;
  /** What the transaction may cost in which the call goes together with others. */
  readonly wholeWei: bigint;
}) => Promise<void>;

/** `reverted`: nothing was sent, because the simulation failed with this ABI-encoded error. */
export type CallOutcome =
  | { readonly kind: "submitted"; readonly transaction: Hex }
  | { readonly kind: "reverted"; readonly data: Hex };

/** What the account must hold; undefined until it is known. */
type Bill = { wei: bigint | undefined };

/** How many transactions of a relayer may wait; with more of them, the chain stands still or drops what it is sent. */
const MAX_IN_FLIGHT = 64;
/** When somebody who finds as many is told to try again: by then blocks should have taken some. */
const FULL_RETRY_MS = 2_000;
const GAS_HEADROOM_PERCENT = 20n;
const NONCE_ATTEMPTS = 4;

/**
 * Simulates a call on top of the mempool, then signs and sends it, without waiting for a block. A relayer submits one
 * call at a time, so that the next simulation sees its earlier transactions and its nonces have no gaps. Throws
 * `chain-unreachable` (the transaction may have got through, or the RPC loses what it is sent), `fee-too-high`,
 * `limit-exceeded`, `unfunded`, and the permit's WeftError; the signal's reason if it aborts.
 */
export async function submitCall(call: Call): Promise<CallOutcome> {
  const bill: Bill = { wei: undefined };
  return await call.relayer.exclusively(async () => {
    call.signal?.throwIfAborted();
    try {
      return await submitNext(call, bill);
    } catch (cause) {
      call.signal?.throwIfAborted();
      if (cause instanceof WeftError) throw cause;
      const words = rpcMessage(cause);
      if (/insufficient funds|enough funds|balance/i.test(words)) throw await unfunded({ call, bill, cause });
      const message = `a transaction could not be sent: ${words.slice(0, 500)}`;
      throw new WeftError({ code: "chain-unreachable", message, cause });
    }
  });
}

async function submitNext(call: Call, bill: Bill): Promise<CallOutcome> {
  const { chain, relayer } = call;
  await tend(call);
  const { trouble } = relayer;
  if (trouble?.code === "chain-unreachable" && trouble.untilMs > steadyMs()) throw new WeftError(trouble);
  const [estimate, price] = await Promise.all([estimateGas(call), readPrice(call)]);
  if (typeof estimate !== "bigint") return estimate;
  if (price.baseFee > relayer.maxFeePerGas) throw new WeftError(tooHigh({ relayer, price }));
  const { fees } = price;
  const gas = estimate + (estimate * GAS_HEADROOM_PERCENT) / 100n;
  const value = call.valueWei ?? 0n;
  bill.wei = gas * fees.maxFeePerGas + value;
  await call.permit?.({ gas, wei: bill.wei, wholeWei: bill.wei });
  let least = 0;
  for (let attempt = 1; ; attempt++) {
    const nonce = await nextNonce({ ...call, price, least });
    const signed = await signTransaction(relayer, {
      type: "eip1559",
      chainId: chain.network.chainId,
      to: call.to,
      data: call.data,
      value,
      nonce,
      gas,
      ...fees,
    });
    try {
      relayer.inFlight.set(nonce, { ...signed, ...begunAt(price.block) });
      return { kind: "submitted", transaction: await sendTransaction({ ...call, raw: signed.raw }) };
    } catch (error) {
      if (rpcFailure(error) === "unreachable") throw error;
      relayer.inFlight.delete(nonce);
      const words = rpcMessage(error);
      if (attempt === NONCE_ATTEMPTS || !/nonce|replacement|underpriced/i.test(words)) throw error;
      // An RPC's count may lag behind what it has; the account may have sent from elsewhere.
      const isTaken = /replacement|nonce too low|nonce is too low/i.test(words);
      least = isTaken ? Math.max(nextNonceSaid(words) ?? 0, nonce + 1) : 0;
    }
  }
}

function begunAt(block: number): Omit<InFlight, keyof Signed> {
  const ms = steadyMs();
  return { sinceBlock: block, sinceMs: ms, pricedBlock: block, pricedMs: ms, raises: 0, timesLost: 0 };
}

/** Returns the nonce that an RPC says it expects instead; undefined if it says none. */
function nextNonceSaid(words: string): number | undefined {
  const [, said] = /(?:next nonce|expected nonce(?: to be)?|state:)\s*(\d+)/i.exec(words) ?? [];
  return said === undefined ? undefined : Number(said);
}

/** Makes the error that says which account holds too little. */
async function unfunded(params: { call: Call; bill: Bill; cause: unknown }): Promise<WeftError> {
  const { call, bill, cause } = params;
  const { address } = call.relayer;
  const balance = await call.chain.client
    .request({ method: "eth_getBalance", params: [address, "latest"] }, optionsOf(call))
    .catch(() => "0x0");
  const holds = `the account ${address} on chain ${call.chain.network.chainId} has ${formatCoin(BigInt(balance))}`;
  const takes = bill.wei === undefined ? "which is too little" : `a call takes ${formatAbout(bill.wei)}`;
  return new WeftError({ code: "unfunded", message: `${holds}, ${takes}`, cause });
}

async function estimateGas(call: Call): Promise<bigint | CallOutcome> {
  const { client } = call.chain;
  const value: Hex = `0x${(call.valueWei ?? 0n).toString(16)}`;
  const transaction = { from: call.relayer.address, to: call.to, data: call.data, value };
  try {
    const gas = await client.request(
      { method: "eth_estimateGas", params: [transaction, "pending"] },
      optionsOf(call),
    );
    return BigInt(gas);
  } catch (error) {
    const data = revertData(error) ?? (await simulate({ call, transaction, error }));
    return { kind: "reverted", data };
  }
}

/** Simulates a call whose estimate failed: some RPCs give a revert's data only here. Throws that error without data. */
async function simulate(params: {
  call: Call;
  transaction: { from: Hex; to: Hex; data: Hex; value: Hex };
  error: unknown;
}): Promise<Hex> {
  const { call, transaction } = params;
  if (rpcFailure(params.error) === "unreachable") throw params.error;
  try {
    const { client } = call.chain;
    await client.request({ method: "eth_call", params: [transaction, "pending"] }, optionsOf(call));
  } catch (error) {
    const data = revertData(error);
    if (data !== undefined) return data;
  }
  throw params.error;
}

/**
 * Returns the account's next nonce. First sends again the transactions in flight that the chain has forgotten (after a
 * restart or a reorganization), and lets the first in line offer what blocks ask now: a gap or too low an offer would
 * hold up all that follow.
 */
async function nextNonce(call: Call & { price: Price; least: number }): Promise<number> {
  const { relayer, least } = call;
  const [mined, pending] = await Promise.all([
    countTransactions({ ...call, block: "latest" }),
    countTransactions({ ...call, block: "pending" }),
  ]);
  forgetMined(relayer, mined);
  if (relayer.inFlight.size >= MAX_IN_FLIGHT) {
    const message = `${relayer.inFlight.size} transactions wait for a block`;
    throw new WeftError({ code: "limit-exceeded", message, retryAfterMs: FULL_RETRY_MS });
  }
  await outbid({ ...call, nonce: mined });
  for (let nonce = Math.max(pending, least); ; nonce++) {
    const waiting = relayer.inFlight.get(nonce);
    if (waiting === undefined) return nonce;
    try {
      await sendTransaction({ ...call, raw: waiting.raw });
    } catch (error) {
      if (rpcFailure(error) === "unreachable") throw error;
      relayer.inFlight.delete(nonce);
      return nonce;
    }
  }
}

function optionsOf({ signal }: Pick<Call, "signal">): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
