import { steadyMs } from "../clock/steadyMs.ts";
import { WeftError } from "../errors.ts";
import { writeAtomic } from "../store/writeAtomic.ts";
import type { GroupId, NodeId } from "../wire/ids.ts";
import { shardOfTopic } from "../wire/shards.ts";
import { groupTopic } from "../wire/topic.ts";
import { nodesOfTopic } from "./asking/nodesOfTopic.ts";
import { rankGroupNodes } from "./asking/rankGroupNodes.ts";
import { type Client, coreOf } from "./client.ts";
import { tables } from "./database/tables.ts";
import type { CoreParts } from "./group/core.ts";
import { activeNodes, isUp } from "./nodes/nodeLinks.ts";

/**
 * Makes this client use a node for a conversation before all others; may be said before the client has joined. Throws
 * `wrong-shard` for a node that does not serve the conversation.
 */
export async function preferNode(params: {
  client: Client;
  group: GroupId;
  /** Undefined: back to the group's own ranking. */
  node: NodeId | undefined;
}): Promise<void> {
  const { group, node } = params;
  const core = coreOf(params.client);
  if (node !== undefined) requireServing({ core, group, node });
  const write =
    node === undefined ? tables.preference.del({ group }) : tables.preference.put({ group }, node);
  await writeAtomic({ database: core.database, writes: [write], sync: true });
  if (node === undefined) core.preferences.delete(group);
  else core.preferences.set(group, node);
  core.links.reach?.sideOf.delete(group);
  core.feedsWakeup.wake();
  core.groups.get(group)?.deliveryWakeup.wake();
}

function requireServing(params: {
  core: CoreParts<"links" | "network">;
  group: GroupId;
  node: NodeId;
}): void {
  const { core, group, node } = params;
  const topic = groupTopic(group);
  const serving = nodesOfTopic(core, topic);
  const isActive = activeNodes(core.links).some((one) => one.node === node);
  if (!isActive || serving.some((one) => one.node === node)) return;
  const shard = shardOfTopic({ topic, shards: core.network.shards });
  const others = serving.map(({ httpAddress }) => httpAddress).join(", ") || "none yet";
  throw new WeftError({
    code: "wrong-shard",
    message: `the node ${node} does not serve shard ${shard}, in which this group is`,
    hint: `These nodes serve it: ${others}.`,
  });
}

/**
 * Ranks the nodes of a conversation, best first, and says which of them are left alone because they failed (`up:
 * false`).
 */
export async function rankNodes(params: {
  client: Client;
  group: GroupId;
}): Promise<{ node: NodeId; httpAddress: string; up: boolean }[]> {
  const core = coreOf(params.client);
  const ranked = await rankGroupNodes({ core, group: params.group });
  return ranked.map(({ node, httpAddress }) => ({
    node,
    httpAddress,
    up: isUp(core.links, node, steadyMs()),
  }));
}
