import { type NodeId, toHex } from "../wire/ids.ts";
import { callNodeRegistry, type RegistryOutcome } from "./callNodeRegistry.ts";
import type { Chain } from "./chain.ts";
import type { NodeAddresses } from "./chainRecord.ts";
import type { Relayer } from "./openRelayer.ts";

/** Says anew how the operator's node is reached. Throws as `submitCall`. */
export async function setNodeAddresses(params: {
  chain: Chain;
  operator: Relayer;
  node: NodeId;
  addresses: NodeAddresses;
}): Promise<RegistryOutcome> {
  const { chain, operator, node } = params;
  const { peerId, multiaddrs, httpAddress } = params.addresses;
  const args = [node, toHex(peerId), [...multiaddrs], httpAddress] as const;
  return await callNodeRegistry({ chain, relayer: operator, call: { functionName: "setAddresses", args } });
}
