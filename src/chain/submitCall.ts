import { keccak256 } from "viem";
import { WeftError } from "../errors.ts";
import { type Address, asId, type Hex } from "../wire/ids.ts";
import type { Chain } from "./chain.ts";
import { formatAbout, formatCoin } from "./coin.ts";
import type { Relayer, Signed } from "./openRelayer.ts";
import type { Transaction } from "./payingAccount.ts";
import { revertData, rpcFailure, rpcMessage } from "./rpcFailure.ts";

export type Call = {
  readonly chain: Chain;
  readonly relayer: Relayer;
  readonly to: Address;
  readonly data: Hex;
  readonly valueWei?: bigint;
  readonly signal?: AbortSignal | undefined;
};

/** `reverted`: nothing was sent; with the ABI-encoded error. */
export type CallOutcome =
  | { readonly kind: "submitted"; readonly transaction: Hex }
  | { readonly kind: "reverted"; readonly data: Hex };

type Fees = Pick<Transaction, "maxFeePerGas" | "maxPriorityFeePerGas">;
/** What a transaction offers now, and what a block asks; wei for a unit of gas. */
type Price = { readonly fees: Fees; readonly baseFee: bigint };
/** What the account has to have, as soon as it is known. */
type Bill = { wei: bigint | undefined };

/** What a relayer may have under way; above it the chain stands still or drops what it is sent. */
const MAX_IN_FLIGHT = 64;
const GAS_HEADROOM_PERCENT = 20n;
const BASE_FEE_HEADROOM_PERCENT = 100n;
/** By how much a transaction that offers too little has to be outbid for an RPC to take another in its place. */
const REPLACEMENT_PERCENT = 25n;
const NONCE_ATTEMPTS = 4;

/**
 * Simulates a call on top of the mempool, then signs and sends it. One call at a time and relayer, so that its own
 * transactions are seen by the simulation of the next and nonces have no gaps; it does not wait for a block.
 * Throws `chain-unreachable` (the transaction may have got through), `limit-exceeded`, `unfunded`; the signal's reason
 * if it aborts.
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
  const [estimate, price] = await Promise.all([estimateGas(call), estimatePrice(call)]);
  if (typeof estimate !== "bigint") return estimate;
  const { fees } = price;
  const gas = estimate + (estimate * GAS_HEADROOM_PERCENT) / 100n;
  const value = call.valueWei ?? 0n;
  bill.wei = gas * fees.maxFeePerGas + value;
  for (let attempt = 1; ; attempt++) {
    const nonce = await nextNonce({ ...call, ...price });
    const signed = await sign(relayer, {
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
      relayer.inFlight.set(nonce, signed);
      return { kind: "submitted", transaction: await send({ ...call, raw: signed.raw }) };
    } catch (error) {
      if (rpcFailure(error) === "unreachable") throw error;
      relayer.inFlight.delete(nonce);
      if (attempt === NONCE_ATTEMPTS || !/nonce|replacement|underpriced/i.test(rpcMessage(error)))
        throw error;
    }
  }
}

async function sign({ account }: Relayer, transaction: Transaction): Promise<Signed> {
  return { transaction, raw: await account.signTransaction(transaction) };
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

async function estimatePrice(call: Call): Promise<Price> {
  const { client } = call.chain;
  const options = optionsOf(call);
  const [block, tip] = await Promise.all([
    client.request({ method: "eth_getBlockByNumber", params: ["latest", false] }, options),
    client.request({ method: "eth_maxPriorityFeePerGas" }, options),
  ]);
  const baseFee = BigInt(block?.baseFeePerGas ?? 0);
  const maxPriorityFeePerGas = BigInt(tip);
  const maxFeePerGas = baseFee + (baseFee * BASE_FEE_HEADROOM_PERCENT) / 100n + maxPriorityFeePerGas;
  return { baseFee, fees: { maxFeePerGas, maxPriorityFeePerGas } };
}

/**
 * The account's next nonce. What the chain has forgotten of the transactions in flight (a restarted node, a reorg) is
 * sent again first, and the first in line offers what is asked now: a gap or a miser would hold up all that follow.
 */
async function nextNonce(call: Call & Price): Promise<number> {
  const { chain, relayer } = call;
  const count = async (block: "latest" | "pending") =>
    Number(
      await chain.client.request(
        { method: "eth_getTransactionCount", params: [relayer.address, block] },
        optionsOf(call),
      ),
    );
  const [mined, pending] = await Promise.all([count("latest"), count("pending")]);
  for (const nonce of relayer.inFlight.keys()) if (nonce < mined) relayer.inFlight.delete(nonce);
  if (relayer.inFlight.size >= MAX_IN_FLIGHT) {
    const message = `${relayer.inFlight.size} transactions wait for a block`;
    throw new WeftError({ code: "limit-exceeded", message });
  }
  await outbid({ ...call, nonce: mined });
  for (let nonce = pending; ; nonce++) {
    const signed = relayer.inFlight.get(nonce);
    if (signed === undefined) return nonce;
    try {
      await send({ ...call, raw: signed.raw });
    } catch (error) {
      if (rpcFailure(error) === "unreachable") throw error;
      relayer.inFlight.delete(nonce);
      return nonce;
    }
  }
}

/** What offers less than a block asks lands in none: the same call takes its place, at today's price. */
async function outbid(call: Call & Price & { nonce: number }): Promise<void> {
  const { relayer, fees, baseFee, nonce } = call;
  const miser = relayer.inFlight.get(nonce)?.transaction;
  if (miser === undefined || miser.maxFeePerGas >= baseFee) return;
  const least = (wei: bigint) => wei + (wei * REPLACEMENT_PERCENT) / 100n + 1n;
  const greater = (a: bigint, b: bigint) => (a > b ? a : b);
  const maxPriorityFeePerGas = greater(least(miser.maxPriorityFeePerGas), fees.maxPriorityFeePerGas);
  const maxFeePerGas = greater(least(miser.maxFeePerGas), fees.maxFeePerGas + maxPriorityFeePerGas);
  const signed = await sign(relayer, { ...miser, maxFeePerGas, maxPriorityFeePerGas });
  try {
    await send({ ...call, raw: signed.raw });
    relayer.inFlight.set(nonce, signed);
  } catch (error) {
    // It has landed meanwhile, or waits on as it is.
    if (rpcFailure(error) === "unreachable") throw error;
  }
}

/** A transaction that the chain knows already was sent. */
async function send(params: Call & { raw: Hex }): Promise<Hex> {
  const { client } = params.chain;
  const transaction = asId(keccak256(params.raw));
  const options = optionsOf(params);
  try {
    await client.request({ method: "eth_sendRawTransaction", params: [params.raw] }, options);
  } catch (error) {
    if (rpcFailure(error) === "unreachable") throw error;
    const known = await client.request(
      { method: "eth_getTransactionByHash", params: [transaction] },
      options,
    );
    if (known === null) throw error;
  }
  return transaction;
}

function optionsOf({ signal }: Pick<Call, "signal">): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
