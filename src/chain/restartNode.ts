import type { NodeId } from "../wire/ids.ts";
import { callNodeRegistry, type RegistryOutcome } from "./callNodeRegistry.ts";
import type { Chain } from "./chain.ts";
import type { Relayer } from "./openRelayer.ts";

/** Opens the next generation of the node's log; it begins with sequence 0. Throws as `submitCall`. */
export async function restartNode(params: {
  chain: Chain;
  operator: Relayer;
  node: NodeId;
}): Promise<RegistryOutcome> {
  const { chain, operator, node } = params;
  return await callNodeRegistry({
    chain,
    relayer: operator,
    call: { functionName: "restart", args: [node] },
  });
}
