import type { NodeAddresses } from "../../wire/chainRecord.ts";
import type { NodeId } from "../../wire/ids.ts";
import { registeredAddresses } from "../layout/registeredAddresses.ts";
import type { Chain } from "../provider/chain.ts";
import type { Relayer } from "../submit/openRelayer.ts";
import { callNodeRegistry, type RegistryOutcome } from "./callNodeRegistry.ts";

/** Says anew how the operator's node is reached. Throws as `submitCall`, `malformed` for a peer id without a proof. */
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
