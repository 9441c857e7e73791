import { decodeFunctionResult, encodeFunctionData } from "viem";
import { WeftError } from "../../errors.ts";
import type { Append } from "../../wire/append.ts";
import { type Hex, toHex } from "../../wire/ids.ts";
import { commitLogAbi } from "../abi/commitLog.ts";
import type { Chain } from "../provider/chain.ts";
import { rpcMessage } from "../provider/rpcFailure.ts";
import type { Relayer } from "../submit/openRelayer.ts";
import { type Permit, submitCall } from "../submit/submitCall.ts";
import { gasOfAppend } from "./gasOfAppend.ts";
import { refusePayload } from "./refusePayload.ts";
import { type AppendOutcome, refusedAppend } from "./relayAppend.ts";

/** An append that waits, and whoever waits for what comes of it. */
export type Waiting = {
  readonly append: Append;
  readonly permit: Permit | undefined;
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: unknown) => void;
};

type Params = { chain: Chain; relayer: Relayer; items: readonly Waiting[] };

/**
 * Sends appends in one transaction, in their order, without those that a simulation on top of the mempool refuses, or
 * whose permit does. One that is refused later, in the block, leaves the others alone: the contract writes what it can.
 * Tells everybody what came of theirs, except those that are left to be sent alone, which are returned. Throws what
 * `submitCall` throws.
 */
export async function appendTogether(params: Params): Promise<readonly Waiting[]> {
  let items = await withoutRefused(params);
  while (items.length > 1) {
    const denied = new Set<Waiting>();
    const permit = permitOf({ items, denied });
    const { chain } = params;
    const call = { ...params, to: chain.network.commitLog, data: callOf(items), permit };
    try {
      const outcome = await submitCall(call);
      // No append alone makes the call fail: it is too large for this chain.
      if (outcome.kind === "reverted") return items;
      for (const { resolve } of items) resolve(outcome);
      return [];
    } catch (error) {
      if (denied.size === 0) throw error;
      items = items.filter((item) => !denied.has(item));
    }
  }
  return items;
}

/** Simulates the appends; tells those whose entry can't land, and returns the others. */
async function withoutRefused(params: Params): Promise<readonly Waiting[]> {
  const { items } = params;
  const fit = items.filter(({ append, resolve }) => {
    const refused = refusePayload(append.payload);
    if (refused) resolve(refused);
    return !refused;
  });
  if (fit.length < 2) return fit;
  const refusals = await simulate({ ...params, items: fit });
  return fit.filter(({ resolve }, i) => {
    const refusal = refusals[i] ?? "0x";
    if (refusal !== "0x") resolve(refusedAppend(refusal));
    return refusal === "0x";
  });
}

/** Gives the contract's errors, one for each append; empty for those that would land. Throws `chain-unreachable`. */
async function simulate({ chain, relayer, items }: Params): Promise<readonly Hex[]> {
  const call = { from: relayer.address, to: chain.network.commitLog, data: callOf(items) };
  try {
    const data = await chain.client.request({ method: "eth_call", params: [call, "pending"] });
    const results = decodeFunctionResult({ abi: commitLogAbi, functionName: "appendMany", data });
    return results.map(({ refusal }) => refusal);
  } catch (cause) {
    const message = `appends could not be simulated: ${rpcMessage(cause).slice(0, 500)}`;
    throw new WeftError({ code: "chain-unreachable", message, cause });
  }
}

function callOf(items: readonly Waiting[]): Hex {
  const appends = items.map(({ append }) => ({
    ...append,
    payload: toHex(append.payload),
    signature: toHex(append.signature),
  }));
  return encodeFunctionData({ abi: commitLogAbi, functionName: "appendMany", args: [appends] });
}

/**
 * Makes the permit of all, which asks that of each append about its part of the costs. Those whose permit throws hear
 * that error and are noted in `denied`, and the call ends.
 */
function permitOf(params: { items: readonly Waiting[]; denied: Set<Waiting> }): Permit {
  const { items, denied } = params;
  const weights = items.map(({ append }) => BigInt(gasOfAppend(append)));
  const all = weights.reduce((sum, weight) => sum + weight, 0n);
  return async ({ gas, wei, wholeWei }) => {
    for (const [i, item] of items.entries()) {
      const partOf = (whole: bigint): bigint => (whole * (weights[i] ?? 0n)) / all;
      try {
        await item.permit?.({ gas: partOf(gas), wei: partOf(wei), wholeWei });
      } catch (error) {
        denied.add(item);
        item.reject(error);
      }
    }
    if (denied.size > 0)
      throw new WeftError({ code: "over-budget", message: "not all appends are permitted" });
  };
}
