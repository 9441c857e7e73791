import type { NodeAddresses } from "../../wire/chainRecord.ts";
import type { NodeId } from "../../wire/ids.ts";
import { registeredAddresses } from "../layout/registeredAddresses.ts";
import type { Chain } from "../provider/chain.ts";
import type { Relayer } from "../submit/openRelayer.ts";
import { callNodeRegistry, type RegistryOutcome } from "./callNodeRegistry.ts";

/**
 * Changes the addresses by which the operator's node is reached. Throws `malformed` for a peer id without a proof; else
 * as `submitCall` does.
 */
export async function setNodeAddresses(params: {
  chain: Chain;
  operator: Relayer;
  node: NodeId;
  addresses: NodeAddresses;
}): Promise<RegistryOutcome> {
  const { chain, operator, node } = params;
  const args = [node, registeredAddresses(params.addresses)] as const;
  return await callNodeRegistry({ chain, relayer: operator, call: { functionName: "setAddresses", args } });
}
