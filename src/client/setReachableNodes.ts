import type { NodeId } from "../wire/ids.ts";
import { type Client, coreOf } from "./client.ts";
import { rankGroupNodes } from "./links/rankGroupNodes.ts";

/**
 * Tells a client that the network is split: every conversation stays with its node and uses only the nodes on that
 * one's side, until it is told that there are no sides any more (`undefined`). Not kept when the client is closed.
 */
export async function setReachableNodes(params: {
  client: Client;
  sides: readonly (readonly NodeId[])[] | undefined;
}): Promise<void> {
  const { client, sides } = params;
  const core = coreOf(client);
  const { links, groups } = core;
  links.reach = sides && { sides: sides.map((side) => new Set(side)), sideOf: new Map() };
  for (const group of groups.keys()) await rankGroupNodes({ core, group });
  core.feedsWakeup.wake();
  for (const group of groups.values()) group.deliveryWakeup.wake();
}
