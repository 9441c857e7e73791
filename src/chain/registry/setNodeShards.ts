import type { NodeId } from "../../wire/ids.ts";
import type { Chain } from "../provider/chain.ts";
import type { Relayer } from "../submit/openRelayer.ts";
import { callNodeRegistry, type RegistryOutcome } from "./callNodeRegistry.ts";

/** Changes which shards the operator's node serves: shard n if bit n is set. Throws as `submitCall` does. */
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
