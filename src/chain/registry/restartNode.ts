import type { NodeId } from "../../wire/ids.ts";
import type { Chain } from "../provider/chain.ts";
import type { Relayer } from "../submit/openRelayer.ts";
import { callNodeRegistry, type RegistryOutcome } from "./callNodeRegistry.ts";

/**
 * Opens another generation of the node's logs, which begin with sequence 0 again. `exists`: this generation or a higher
 * one is open, or this one is too far above the present one. Throws as `submitCall` does.
 */
export async function restartNode(params: {
  chain: Chain;
  operator: Relayer;
  node: NodeId;
  /** The new generation: see `drawGeneration`. */
  generation: number;
}): Promise<RegistryOutcome> {
  const { chain, operator, node, generation } = params;
  return await callNodeRegistry({
    chain,
    relayer: operator,
    call: { functionName: "restart", args: [node, BigInt(generation)] },
    doneBefore: "BadGeneration",
  });
}
