import { steadyMs } from "../clock/steadyMs.ts";
import { writeAtomic } from "../store/writeAtomic.ts";
import type { GroupId, NodeId } from "../wire/ids.ts";
import { type Client, coreOf } from "./client.ts";
import { isUp } from "./links/nodeLinks.ts";
import { rankGroupNodes } from "./links/rankGroupNodes.ts";
import { tables } from "./tables.ts";

/** The node that this client uses for a conversation before all others; may be said before it has joined. */
export async function preferNode(params: {
  client: Client;
  group: GroupId;
  /** Undefined: back to the group's own ranking. */
  node: NodeId | undefined;
}): Promise<void> {
  const { group, node } = params;
  const core = coreOf(params.client);
  const write =
    node === undefined ? tables.preference.del({ group }) : tables.preference.put({ group }, node);
  await writeAtomic({ database: core.database, writes: [write], sync: true });
  if (node === undefined) core.preferences.delete(group);
  else core.preferences.set(group, node);
  core.links.reach?.sideOf.delete(group);
  core.feedsWakeup.wake();
  core.groups.get(group)?.deliveryWakeup.wake();
}

/** The nodes of a conversation, best first, and which of them are left alone because they failed. */
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
