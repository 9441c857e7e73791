import { WeftError } from "../errors.ts";
import type { Network } from "../wire/network.ts";
import { hasShard, shardOfTopic } from "../wire/shards.ts";

/** Gives the shard of a topic. Throws `wrong-shard` if it is none of `shards` (bit n for shard n). */
export function requireTopic(params: { network: Network; shards: bigint; topic: Uint8Array }): number {
  const { network, shards, topic } = params;
  const shard = shardOfTopic({ topic, shards: network.shards });
  requireShard({ shards, shard });
  return shard;
}

/** Throws `wrong-shard` if a shard is none of `shards` (bit n for shard n). */
export function requireShard(params: { shards: bigint; shard: number }): void {
  if (hasShard({ bitmap: params.shards, shard: params.shard })) return;
  throw new WeftError({
    code: "wrong-shard",
    message: `this node does not serve shard ${params.shard}`,
    hint: `Use one of the nodes that serve shard ${params.shard}; the registry names them.`,
  });
}
