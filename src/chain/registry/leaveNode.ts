import type { NodeId } from "../../wire/ids.ts";
import type { Chain } from "../provider/chain.ts";
import type { Relayer } from "../submit/openRelayer.ts";
import { callNodeRegistry, type RegistryOutcome } from "./callNodeRegistry.ts";

/**
 * Makes the operator's node leave, for good; the bond can be withdrawn after the registry's delay. Throws as
 * `submitCall` does.
 */
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
