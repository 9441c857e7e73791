import type { Hex, NodeId } from "../../wire/ids.ts";
import type { Chain } from "../provider/chain.ts";
import type { Relayer } from "../submit/openRelayer.ts";
import { callNodeRegistry, type RegistryOutcome } from "./callNodeRegistry.ts";

/**
 * Anchors the log of the node's current generation: `sequence` is the last one that the header covers, `headerHash`
 * its SHA-256. Throws as `submitCall`.
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
