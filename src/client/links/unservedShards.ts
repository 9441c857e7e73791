import { hasShard, shardOfTopic } from "../../wire/shards.ts";
import { groupTopic, keyPackageTopic, welcomeTopic } from "../../wire/topic.ts";
import type { CoreParts } from "../group/core.ts";
import { activeNodes } from "../nodes/nodeLinks.ts";

/**
 * Lists the shards of this client's groups, Welcomes and key packages that no node serves, as far as the registry was
 * read.
 */
export function unservedShards(core: CoreParts<"groups" | "links" | "network" | "self">): number[] {
  const { network, groups, self } = core;
  const { key } = self.installation;
  const live = [...groups.values()].filter(({ view }) => view.record.status !== "removed");
  const topics = [...live.map(({ id }) => groupTopic(id)), welcomeTopic(key), keyPackageTopic(key)];
  const shards = new Set(topics.map((topic) => shardOfTopic({ topic, shards: network.shards })));
  const served = activeNodes(core.links).reduce((bitmap, node) => bitmap | BigInt(node.shards), 0n);
  return [...shards].filter((shard) => !hasShard({ bitmap: served, shard })).sort((a, b) => a - b);
}
