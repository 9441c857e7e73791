import type { NodeId } from "../wire/ids.ts";
import { callNodeRegistry, type RegistryOutcome } from "./callNodeRegistry.ts";
import type { Chain } from "./chain.ts";
import type { Relayer } from "./openRelayer.ts";

/** Starts to leave, for good; the bond can be withdrawn after the registry's delay. Throws as `submitCall`. */
export async function leaveNode(params: {
  chain: Chain;
  operator: Relayer;
  node: NodeId;
}): Promise<RegistryOutcome> {
  const { chain, operator, node } = params;
  return await callNodeRegistry({
    chain,
    relayer: operator,
    call: { functionName: "startLeaving", args: [node] },
  });
}
