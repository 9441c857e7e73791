import type { NodeId } from "../../wire/ids.ts";
import type { Chain } from "../provider/chain.ts";
import type { Relayer } from "../submit/openRelayer.ts";
import { callNodeRegistry, type RegistryOutcome } from "./callNodeRegistry.ts";

/**
 * Opens another generation of the node's log; it begins with sequence 0. `exists`: that one, or a higher one, is open.
 * Throws as `submitCall`.
 */
export async function restartNode(params: {
  chain: Chain;
  operator: Relayer;
  node: NodeId;
  /** See `drawGeneration`. */
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
