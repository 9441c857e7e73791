import type { NodeId } from "../../wire/ids.ts";
import type { Chain } from "../provider/chain.ts";
import type { Relayer } from "../submit/openRelayer.ts";
import { callNodeRegistry, type RegistryOutcome } from "./callNodeRegistry.ts";

/** Says anew which shards the operator's node serves (bit n: shard n). Throws as `submitCall`. */
export async function setNodeShards(params: {
  chain: Chain;
  operator: Relayer;
  node: NodeId;
  shards: bigint;
}): Promise<RegistryOutcome> {
  const { chain, operator, node, shards } = params;
  const call = { functionName: "setShards", args: [node, shards] } as const;
  return await callNodeRegistry({ chain, relayer: operator, call });
}
