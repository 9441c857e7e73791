import { keccak256 } from "viem";
import { WeftError } from "../errors.ts";
import { type Address, asId, type Hex } from "../wire/ids.ts";
import type { Chain } from "./chain.ts";
import type { Relayer } from "./openRelayer.ts";
import { revertData, rpcFailure, rpcMessage } from "./rpcFailure.ts";

export type Call = {
  readonly chain: Chain;
  readonly relayer: Relayer;
  readonly to: Address;
  readonly data: Hex;
  readonly valueWei?: bigint;
};

/** `reverted`: nothing was sent; with the ABI-encoded error. */
export type CallOutcome =
  | { readonly kind: "submitted"; readonly transaction: Hex }
  | { readonly kind: "reverted"; readonly data: Hex };

/** What a relayer may have under way; above it the chain stands still or drops what it is sent. */
const MAX_IN_FLIGHT = 64;
const GAS_HEADROOM_PERCENT = 20n;
const BASE_FEE_HEADROOM_PERCENT = 100n;
const NONCE_ATTEMPTS = 4;

/**
 * Simulates a call on top of the mempool, then signs and sends it. One call at a time and relayer, so that its own
 * transactions are seen by the simulation of the next and nonces have no gaps; it does not wait for a block.
 * Throws `chain-unreachable` (the transaction may have got through), `limit-exceeded`, `unfunded`.
 */
export async function submitCall(call: Call): Promise<CallOutcome> {
  return await call.relayer.exclusively(async () => {
    try {
      return await submitNext(call);
    } catch (cause) {
      if (cause instanceof WeftError) throw cause;
      const words = rpcMessage(cause);
      const code = /insufficient funds|enough funds|balance/i.test(words) ? "unfunded" : "chain-unreachable";
      throw new WeftError({
        code,
        message: `a transaction could not be sent: ${words.slice(0, 500)}`,
        cause,
      });
    }
  });
}

async function submitNext(call: Call): Promise<CallOutcome> {
  const { chain, relayer } = call;
  const [estimate, fees] = await Promise.all([estimateGas(call), estimateFees(chain)]);
  if (typeof estimate !== "bigint") return estimate;
  const gas = estimate + (estimate * GAS_HEADROOM_PERCENT) / 100n;
  for (let attempt = 1; ; attempt++) {
    const nonce = await nextNonce({ chain, relayer });
    const raw = await relayer.account.signTransaction({
      type: "eip1559",
      chainId: chain.network.chainId,
      to: call.to,
      data: call.data,
      value: call.valueWei ?? 0n,
      nonce,
      gas,
      ...fees,
    });
    try {
      relayer.inFlight.set(nonce, raw);
      return { kind: "submitted", transaction: await send({ chain, raw }) };
    } catch (error) {
      if (rpcFailure(error) === "unreachable") throw error;
      relayer.inFlight.delete(nonce);
      if (attempt === NONCE_ATTEMPTS || !/nonce|replacement|underpriced/i.test(rpcMessage(error)))
        throw error;
    }
  }
}

async function estimateGas(call: Call): Promise<bigint | CallOutcome> {
  const { client } = call.chain;
  const value: Hex = `0x${(call.valueWei ?? 0n).toString(16)}`;
  const transaction = { from: call.relayer.address, to: call.to, data: call.data, value };
  try {
    const gas = await client.request({ method: "eth_estimateGas", params: [transaction, "pending"] });
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
  if (rpcFailure(params.error) === "unreachable") throw params.error;
  try {
    const { client } = params.call.chain;
    await client.request({ method: "eth_call", params: [params.transaction, "pending"] });
  } catch (error) {
    const data = revertData(error);
    if (data !== undefined) return data;
  }
  throw params.error;
}

async function estimateFees(chain: Chain): Promise<{ maxFeePerGas: bigint; maxPriorityFeePerGas: bigint }> {
  const { client } = chain;
  const [block, tip] = await Promise.all([
    client.request({ method: "eth_getBlockByNumber", params: ["latest", false] }),
    client.request({ method: "eth_maxPriorityFeePerGas" }),
  ]);
  const baseFee = BigInt(block?.baseFeePerGas ?? 0);
  const maxPriorityFeePerGas = BigInt(tip);
  const maxFeePerGas = baseFee + (baseFee * BASE_FEE_HEADROOM_PERCENT) / 100n + maxPriorityFeePerGas;
  return { maxFeePerGas, maxPriorityFeePerGas };
}

/**
 * The account's next nonce. What the chain has forgotten of the transactions in flight (a restarted node, a reorg) is
 * sent again first: a gap would hold up all that follow.
 */
async function nextNonce(params: { chain: Chain; relayer: Relayer }): Promise<number> {
  const { chain, relayer } = params;
  const count = async (block: "latest" | "pending") =>
    Number(
      await chain.client.request({
        method: "eth_getTransactionCount",
        params: [relayer.address, block],
      }),
    );
  const [mined, pending] = await Promise.all([count("latest"), count("pending")]);
  for (const nonce of relayer.inFlight.keys()) if (nonce < mined) relayer.inFlight.delete(nonce);
  if (relayer.inFlight.size >= MAX_IN_FLIGHT) {
    const message = `${relayer.inFlight.size} transactions wait for a block`;
    throw new WeftError({ code: "limit-exceeded", message });
  }
  for (let nonce = pending; ; nonce++) {
    const raw = relayer.inFlight.get(nonce);
    if (raw === undefined) return nonce;
    try {
      await send({ chain, raw });
    } catch (error) {
      if (rpcFailure(error) === "unreachable") throw error;
      relayer.inFlight.delete(nonce);
      return nonce;
    }
  }
}

/** A transaction that the chain knows already was sent. */
async function send(params: { chain: Chain; raw: Hex }): Promise<Hex> {
  const { client } = params.chain;
  const transaction = asId(keccak256(params.raw));
  try {
    await client.request({ method: "eth_sendRawTransaction", params: [params.raw] });
  } catch (error) {
    if (rpcFailure(error) === "unreachable") throw error;
    const known = await client.request({ method: "eth_getTransactionByHash", params: [transaction] });
    if (known === null) throw error;
  }
  return transaction;
}
