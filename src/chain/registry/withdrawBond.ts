import type { NodeId } from "../../wire/ids.ts";
import type { Chain } from "../provider/chain.ts";
import type { Relayer } from "../submit/openRelayer.ts";
import { callNodeRegistry, type RegistryOutcome } from "./callNodeRegistry.ts";

/**
 * Pays the bond of a node that has left back to its operator; any account may ask for it. `exists`: the bond is gone.
 * Throws as `submitCall` does.
 */
export async function withdrawBond(params: {
  chain: Chain;
  relayer: Relayer;
  node: NodeId;
}): Promise<RegistryOutcome> {
  const { chain, relayer, node } = params;
  return await callNodeRegistry({
    chain,
    relayer,
    call: { functionName: "withdraw", args: [node] },
    doneBefore: "NothingToWithdraw",
  });
}
