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

export type Call = {
  readonly chain: Chain;
  readonly relayer: Relayer;
  readonly to: Address;
  readonly data: Hex;
  readonly valueWei?: bigint;
  readonly permit?: Permit | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** Hears what a call may take at most before it is signed; what it throws ends it. */
export type Permit = (costs: { readonly gas: bigint; readonly wei: bigint }) => Promise<void>;

/** `reverted`: nothing was sent; with the ABI-encoded error. */
export type CallOutcome =
  | { readonly kind: "submitted"; readonly transaction: Hex }
  | { readonly kind: "reverted"; readonly data: Hex };

/** What the account has to have, as soon as it is known. */
type Bill = { wei: bigint | undefined };

/** What a relayer may have under way; above it the chain stands still or drops what it is sent. */
const MAX_IN_FLIGHT = 64;
const GAS_HEADROOM_PERCENT = 20n;
const NONCE_ATTEMPTS = 4;

/**
 * Simulates a call on top of the mempool, then signs and sends it. One call at a time and relayer, so that its own
 * transactions are seen by the simulation of the next and nonces have no gaps; it does not wait for a block.
 * Throws `chain-unreachable` (the transaction may have got through, or the RPC loses what it is sent), `fee-too-high`,
 * `limit-exceeded`, `unfunded`; the signal's reason if it aborts.
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
  await call.permit?.({ gas, wei: bill.wei });
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

/** Some RPCs say which nonce they expect instead. */
function nextNonceSaid(words: string): number | undefined {
  const [, said] = /(?:next nonce|expected nonce(?: to be)?|state:)\s*(\d+)/i.exec(words) ?? [];
  return said === undefined ? undefined : Number(said);
}

/** Says which account lacks how much. */
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

/** Some RPCs tell why only here. */
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
 * The account's next nonce. What the chain has forgotten of the transactions in flight (a restarted node, a reorg) is
 * sent again first, and the first in line offers what is asked now: a gap or a miser would hold up all that follow.
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
    throw new WeftError({ code: "limit-exceeded", message });
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
