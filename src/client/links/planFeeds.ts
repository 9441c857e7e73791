import { steadyMs } from "../../clock/steadyMs.ts";
import type { KnownNode } from "../../reconciler/records/records.ts";
import { isOver } from "../../reconciler/view/isOver.ts";
import type { GroupId, NodeId } from "../../wire/ids.ts";
import { shardOfTopic } from "../../wire/shards.ts";
import { groupTopic, welcomeTopic } from "../../wire/topic.ts";
import { nodesInUse, rankGroupNodes, rankOwnNodes } from "../asking/rankGroupNodes.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { hasAnsweredLately, isLeft, isUp } from "../nodes/nodeLinks.ts";
import type { FeedPlan } from "./feedPlan.ts";

/** Which nodes serve what at present. */
export type Serving = { readonly own: readonly NodeId[]; readonly groups: ReadonlyMap<GroupId, NodeId> };

export type FeedPlans = {
  readonly plans: ReadonlyMap<NodeId, FeedPlan>;
  /** Nodes that would serve better than the present ones, or are to serve what no node serves yet, if they answer. */
  readonly toProve: ReadonlySet<NodeId>;
};

/**
 * Plans which node is to serve what: every conversation is for its first node that is up. A running feed is left only
 * for a node that has answered lately, or if its own node was left for what it said; what no node serves yet goes to
 * the first that has answered lately, if there is one.
 */
export async function planFeeds(params: {
  core: CoreParts<
    | "database"
    | "finalityBlocks"
    | "groups"
    | "links"
    | "logger"
    | "mirrors"
    | "network"
    | "preferences"
    | "self"
  >;
  serving: Serving;
}): Promise<FeedPlans> {
  const { core, serving } = params;
  const { links } = core;
  const plans = new Map<NodeId, { groups: GroupId[]; mirrored: GroupId[]; own: boolean }>();
  const toProve = new Set<NodeId>();
  const nowMs = steadyMs();
  const planOf = (node: NodeId) => {
    const plan = plans.get(node) ?? { groups: [], mirrored: [], own: false };
    plans.set(node, plan);
    return plan;
  };
  const isProven = (node: NodeId) => hasAnsweredLately(links, node, nowMs);
  const chosen = (from: NodeId | undefined, ranked: readonly KnownNode[]): readonly NodeId[] => {
    const [to, ...mirrors] = nodesInUse(core, ranked);
    const isLeaving = from === undefined || isLeft(links, from, nowMs);
    if (to === undefined) return isLeaving ? [] : [from];
    if (to === from || isProven(to)) return [to, ...mirrors];
    toProve.add(to);
    const proven = ranked.find(({ node }) => isProven(node) && isUp(links, node, nowMs))?.node;
    const node = isLeaving ? (proven ?? to) : from;
    return [node, ...mirrors.filter((mirror) => mirror !== node)];
  };
  const bucket = welcomeTopic(core.self.installation.key);
  for (const node of chosen(serving.own[0], rankOwnNodes(core, bucket))) planOf(node).own = true;
  for (const group of core.groups.values()) {
    if (isOver({ group, finalityBlocks: core.finalityBlocks })) continue;
    const ranked = await rankGroupNodes({ core, group: group.id });
    const [node, ...mirrors] = chosen(serving.groups.get(group.id), ranked);
    if (node) planOf(node).groups.push(group.id);
    else noteUnserved({ core, group, ranked });
    for (const mirror of mirrors) planOf(mirror).mirrored.push(group.id);
  }
  return { plans, toProve };
}

/** Notes that no node of the registry serves the group's shard: the group is read as soon as there is one. */
function noteUnserved(params: {
  core: CoreParts<"links" | "logger" | "network">;
  group: Group;
  ranked: readonly KnownNode[];
}): void {
  const { core, group, ranked } = params;
  if (ranked.length > 0 || core.links.nodes.size === 0 || group.readFault === "no-node") return;
  group.readFault = "no-node";
  const shard = shardOfTopic({ topic: groupTopic(group.id), shards: core.network.shards });
  core.logger.warn({ group: group.id, shard }, "no node of the registry serves the shard of a group");
}
