import type { Hex, NodeId } from "../../wire/ids.ts";
import type { Chain } from "../provider/chain.ts";
import type { Relayer } from "../submit/openRelayer.ts";
import { callNodeRegistry, type RegistryOutcome } from "./callNodeRegistry.ts";

/**
 * Puts a checkpoint of the node's log of a shard, in its present generation, on the chain: `sequence` is the last one
 * that the header covers, `headerHash` the header's SHA-256. Throws as `submitCall` does.
 */
export async function checkpointNode(params: {
  chain: Chain;
  operator: Relayer;
  node: NodeId;
  shard: number;
  sequence: bigint;
  headerHash: Hex;
}): Promise<RegistryOutcome> {
  const { chain, operator, node, shard, sequence, headerHash } = params;
  return await callNodeRegistry({
    chain,
    relayer: operator,
    call: { functionName: "checkpoint", args: [node, shard, sequence, headerHash] },
  });
}
