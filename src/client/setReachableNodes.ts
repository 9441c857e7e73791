import { steadyMs } from "../clock/steadyMs.ts";
import { isWeftError } from "../errors.ts";
import type { NodeId } from "../wire/ids.ts";
import { rankGroupNodes } from "./asking/rankGroupNodes.ts";
import { type Client, coreOf } from "./client.ts";
import type { CoreParts } from "./group/core.ts";
import { activeNodes, apiOf, noteFailure, noteSuccess } from "./nodes/nodeLinks.ts";

/** A node that has not answered within this time does not count as a conversation's node. */
const ANSWER_TIMEOUT_MS = 1_000;

/**
 * Tells a client that the network is split: every conversation stays with its node and uses only the nodes on the side
 * of that node, until the client is told that there are no sides any more (`undefined`). This is not kept when the
 * client is closed.
 */
export async function setReachableNodes(params: {
  client: Client;
  sides: readonly (readonly NodeId[])[] | undefined;
}): Promise<void> {
  const { client, sides } = params;
  const core = coreOf(client);
  const { links, groups } = core;
  if (sides && core.online) await askWhoAnswers(core);
  links.reach = sides && { sides: sides.map((side) => new Set(side)), sideOf: new Map() };
  for (const group of groups.keys()) await rankGroupNodes({ core, group });
  core.feedsWakeup.wake();
  for (const group of groups.values()) group.deliveryWakeup.wake();
}

/** Notes which nodes answer now: a conversation's node is the first of them, also if it failed a moment ago. */
async function askWhoAnswers(core: CoreParts<"closing" | "links">): Promise<void> {
  const { links, closing } = core;
  const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
  const asked = activeNodes(links).map(async ({ node }) => {
    try {
      await apiOf(links, node)?.getNode({}, { signal });
      noteSuccess(links, node);
    } catch (error) {
      if (!isWeftError(error)) throw error;
      noteFailure(links, node, steadyMs());
    }
  });
  await Promise.all(asked);
}
