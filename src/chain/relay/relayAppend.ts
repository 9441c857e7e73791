import { encodeFunctionData } from "viem";
import type { Append } from "../../wire/append.ts";
import { type Hex, toHex } from "../../wire/ids.ts";
import { commitLogAbi } from "../abi/commitLog.ts";
import type { Chain } from "../provider/chain.ts";
import type { Relayer } from "../submit/openRelayer.ts";
import { decodeRevert, type Refusal, refusalOf } from "../submit/refusal.ts";
import { type Permit, submitCall } from "../submit/submitCall.ts";
import { refusePayload } from "./refusePayload.ts";

/**
 * `submitted`: the transaction is on its way, see `waitForTransaction`; `stale`: the parent has `children`, more than
 * the append's limit; `exists`: the entry was appended before, by whatever account.
 */
export type AppendOutcome =
  | { readonly kind: "submitted"; readonly transaction: Hex }
  | { readonly kind: "stale"; readonly children: number }
  | { readonly kind: "exists" }
  | Refusal;

/**
 * Sends an append, unless a simulation on top of the mempool says that it can't land: a lost race costs nothing. Throws
 * as `submitCall` does.
 */
export async function relayAppend(params: {
  chain: Chain;
  relayer: Relayer;
  append: Append;
  permit?: Permit | undefined;
  signal?: AbortSignal | undefined;
}): Promise<AppendOutcome> {
  const { chain, relayer, append, permit, signal } = params;
  const { group, parent, limit, authority, payload, signature } = append;
  const refused = refusePayload(payload);
  if (refused !== undefined) return refused;
  const data = encodeFunctionData({
    abi: commitLogAbi,
    functionName: "append",
    args: [group, parent, limit, authority, toHex(payload), toHex(signature)],
  });
  const outcome = await submitCall({ chain, relayer, to: chain.network.commitLog, data, permit, signal });
  return outcome.kind === "submitted" ? outcome : refusedAppend(outcome.data);
}

/** Tells what the contract's ABI-encoded error means to an append. */
export function refusedAppend(data: Hex): AppendOutcome {
  const error = decodeRevert({ abi: commitLogAbi, data });
  switch (error?.errorName) {
    case "Stale":
      return { kind: "stale", children: error.args[0] };
    case "Exists":
      return { kind: "exists" };
    default:
      return refusalOf({ error, data });
  }
}
