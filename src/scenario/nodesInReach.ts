import type { DevnetNode } from "../devnet/devnetNode.ts";
import { rankNodes } from "../index.ts";
import type { Actor, Stage } from "./stage.ts";

/** The running nodes that a client reaches for a conversation: in a partition those on its node's side. */
export async function nodesInReach(params: {
  stage: Stage;
  actor: Actor;
  group: string;
}): Promise<DevnetNode[]> {
  const { stage, actor } = params;
  const running = stage.devnet.nodes.filter((node) => node.isRunning());
  const group = stage.groups.get(params.group);
  if (group === undefined || actor.restarting !== undefined) return running;
  const ranked = await rankNodes({ client: actor.client, group });
  const known = new Set<string>(ranked.map(({ node }) => node));
  return running.filter(({ addresses }) => known.has(addresses.node));
}
