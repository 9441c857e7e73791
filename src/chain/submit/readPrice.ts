import { minimum } from "../../wire/bigintOrder.ts";
import type { Chain } from "../provider/chain.ts";
import { rpcFailure } from "../provider/rpcFailure.ts";
import type { Transaction } from "../sign/payingAccount.ts";
import type { Relayer } from "./openRelayer.ts";

export type Fees = Pick<Transaction, "maxFeePerGas" | "maxPriorityFeePerGas">;

/** What a transaction should offer now, and what blocks ask, in wei for a unit of gas. */
export type Price = {
  readonly fees: Fees;
  readonly baseFee: bigint;
  /** The number of the chain's newest block. */
  readonly block: number;
};

const BASE_FEE_HEADROOM_PERCENT = 100n;

/**
 * Reads the price of gas. A transaction should offer twice the base fee plus the tip, but never more than the relayer
 * may pay, even if blocks ask for more. Throws the RPC's error.
 */
export async function readPrice(params: {
  chain: Chain;
  relayer: Relayer;
  signal?: AbortSignal | undefined;
}): Promise<Price> {
  const { chain, relayer, signal } = params;
  const { client } = chain;
  const options = signal === undefined ? {} : { signal };
  const [block, suggested] = await Promise.all([
    client.request({ method: "eth_getBlockByNumber", params: ["latest", false] }, options),
    client.request({ method: "eth_maxPriorityFeePerGas" }, options).catch(async (error: unknown) => {
      // Not every RPC has this method.
      if (rpcFailure(error) === "unreachable") throw error;
      return await client.request({ method: "eth_gasPrice" }, options);
    }),
  ]);
  const baseFee = BigInt(block?.baseFeePerGas ?? 0);
  const tip = BigInt(suggested);
  const wanted = baseFee + (baseFee * BASE_FEE_HEADROOM_PERCENT) / 100n + tip;
  const maxFeePerGas = minimum(wanted, relayer.maxFeePerGas);
  const fees = { maxFeePerGas, maxPriorityFeePerGas: minimum(tip, maxFeePerGas) };
  return { baseFee, fees, block: Number(block?.number ?? 0) };
}
