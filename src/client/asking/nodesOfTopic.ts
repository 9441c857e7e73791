import type { KnownNode } from "../../reconciler/records/records.ts";
import type { Network } from "../../wire/network.ts";
import { hasShard, shardOfTopic } from "../../wire/shards.ts";
import type { CoreParts } from "../group/core.ts";
import { activeNodes } from "../nodes/nodeLinks.ts";

/** Keeps those nodes that serve a topic, in their order. Pure. */
export function servingTopic(params: {
  network: Network;
  nodes: readonly KnownNode[];
  topic: Uint8Array;
}): readonly KnownNode[] {
  const { network, nodes, topic } = params;
  const shard = shardOfTopic({ topic, shards: network.shards });
  return nodes.filter(({ shards }) => hasShard({ bitmap: BigInt(shards), shard }));
}

/** Lists the active nodes that serve a topic. */
export function nodesOfTopic(core: CoreParts<"network" | "links">, topic: Uint8Array) {
  return servingTopic({ network: core.network, nodes: activeNodes(core.links), topic });
}
