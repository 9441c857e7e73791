import { type EncodeFunctionDataParameters, encodeFunctionData } from "viem";
import type { Hex } from "../../wire/ids.ts";
import { nodeRegistryAbi as abi } from "../abi/nodeRegistry.ts";
import type { Chain } from "../provider/chain.ts";
import type { Relayer } from "../submit/openRelayer.ts";
import { decodeRevert, type Refusal, refusalOf } from "../submit/refusal.ts";
import { submitCall } from "../submit/submitCall.ts";

/** `submitted`: the transaction is on its way, see `waitForTransaction`; `exists`: the call's end is met already. */
export type RegistryOutcome =
  | { readonly kind: "submitted"; readonly transaction: Hex }
  | { readonly kind: "exists" }
  | Refusal;

/** Sends one call to NodeRegistry, unless a simulation says that it can't land. Throws as `submitCall` does. */
export async function callNodeRegistry(params: {
  chain: Chain;
  relayer: Relayer;
  call: Omit<EncodeFunctionDataParameters<typeof abi>, "abi">;
  /** The name of the contract's error that says that this was done before. */
  doneBefore?: string;
  valueWei?: bigint;
}): Promise<RegistryOutcome> {
  const { chain, relayer, valueWei } = params;
  const data = encodeFunctionData({ abi, ...params.call } as EncodeFunctionDataParameters<typeof abi>);
  const to = chain.network.nodeRegistry;
  const outcome = await submitCall({
    chain,
    relayer,
    to,
    data,
    ...(valueWei === undefined ? {} : { valueWei }),
  });
  if (outcome.kind === "submitted") return outcome;
  const error = decodeRevert({ abi, data: outcome.data });
  if (error !== undefined && error.errorName === params.doneBefore) return { kind: "exists" };
  return refusalOf({ error, data: outcome.data });
}
