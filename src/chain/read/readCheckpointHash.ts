import { encodeEventTopics } from "viem";
import { asId, type Hex } from "../../wire/ids.ts";
import type { CheckpointPlace } from "../../wire/words.ts";
import { nodeRegistryAbi as abi } from "../abi/nodeRegistry.ts";
import { decodeLog } from "../layout/decodeLog.ts";
import type { Chain } from "../provider/chain.ts";

/**
 * Reads a checkpoint's header hash from the block that is said to hold the checkpoint; undefined if the block does not
 * hold it. Throws the RPC's error.
 */
export async function readCheckpointHash(params: {
  chain: Chain;
  place: CheckpointPlace;
  signal: AbortSignal | undefined;
}): Promise<Hex | undefined> {
  const { chain, place, signal } = params;
  const { network, client } = chain;
  const { node, shard, generation } = place.log;
  const topics = encodeEventTopics({ abi, eventName: "Checkpoint", args: { node, shard } });
  const block: Hex = `0x${place.block.toString(16)}`;
  const filter = { address: network.nodeRegistry, topics, fromBlock: block, toBlock: block };
  const logs = await client.request(
    { method: "eth_getLogs", params: [filter] },
    signal === undefined ? {} : { signal },
  );
  for (const { address, topics, data } of logs) {
    const record = decodeLog({ network, log: { address, topics, data } });
    if (record?.kind !== "checkpoint") continue;
    const { sequence, headerHash } = record;
    if (record.generation === generation && sequence === place.sequence) return asId(headerHash);
  }
  return undefined;
}
