import { steadyMs } from "../../clock/steadyMs.ts";
import { viewOf } from "../../reconciler/branch/epochView.ts";
import { rankNodes, utcDay } from "../../reconciler/nodes/rankNodes.ts";
import type { KnownNode } from "../../reconciler/records/records.ts";
import { nextOperators } from "../../reconciler/witness/nextOperators.ts";
import type { GroupId, NodeId } from "../../wire/ids.ts";
import { fromHex } from "../../wire/ids.ts";
import { groupTopic } from "../../wire/topic.ts";
import { readEpoch } from "../database/epochStates.ts";
import type { CoreParts } from "../group/core.ts";
import type { Ranking } from "../group/group.ts";
import { networkMs } from "../nodes/chainTime.ts";
import { activeNodes, isUp } from "../nodes/nodeLinks.ts";
import { reachable } from "../nodes/reach.ts";
import { nodesOfTopic, servingTopic } from "./nodesOfTopic.ts";

type OfGroup = {
  core: CoreParts<"database" | "groups" | "links" | "network" | "preferences">;
  group: GroupId;
};

/**
 * Ranks the active nodes of a conversation that it reaches, best first: those that serve its shard, by the group's
 * salt, with the app's preference before all.
 */
export async function rankGroupNodes({ core, group }: OfGroup): Promise<readonly KnownNode[]> {
  const { network, links } = core;
  const nodes = await rankAll({ core, group });
  return reachable({ links, group, ranked: servingTopic({ network, nodes, topic: groupTopic(group) }) });
}

/**
 * Ranks the nodes that tell of the chain, or relay, for a group, best first: the nodes of its shard, then all others.
 */
export async function rankChainNodes({ core, group }: OfGroup): Promise<readonly KnownNode[]> {
  const { network, links } = core;
  const nodes = await rankAll({ core, group });
  const serving = new Set(servingTopic({ network, nodes, topic: groupTopic(group) }));
  return reachable({ links, group, ranked: [...serving, ...nodes.filter((one) => !serving.has(one))] });
}

/** Ranks all active nodes, best first. */
async function rankAll({ core, group }: OfGroup): Promise<readonly KnownNode[]> {
  const handle = core.groups.get(group);
  const { head } = handle?.view.record ?? { head: group };
  const made = { head, day: utcDay(networkMs(core.links)), preferred: core.preferences.get(group) };
  const nodes = activeNodes(core.links);
  const known = handle?.ranking;
  if (known && isSame(known, { ...made, nodes })) return known.ranked;
  // A state that is needed only for its salt is not kept in the cache.
  const cache = new Map(handle?.epochs);
  const epoch = handle && (await readEpoch({ database: core.database, group, cache, head }));
  const salt = epoch ? viewOf(epoch.state).context.salt : fromHex(group);
  const ranked = rankNodes({ ...made, nodes, salt });
  if (handle && epoch) handle.ranking = { ...made, nodes, ranked };
  return ranked;
}

function isSame(known: Ranking, now: Omit<Ranking, "ranked">): boolean {
  const { head, day, preferred, nodes } = now;
  const isMadeOfSame = known.head === head && known.day === day && known.preferred === preferred;
  return (
    isMadeOfSame && known.nodes.length === nodes.length && known.nodes.every((one, i) => one === nodes[i])
  );
}

/**
 * Ranks the nodes of this installation, best first: those that serve one of its topics, or all for what needs no topic.
 */
export function rankOwnNodes(core: CoreParts<"links" | "network" | "self">, topic?: Uint8Array): KnownNode[] {
  return rankNodes({
    nodes: topic === undefined ? activeNodes(core.links) : nodesOfTopic(core, topic),
    day: utcDay(networkMs(core.links)),
    salt: fromHex(core.self.installation.key),
  });
}

/** Puts the best node of each operator first, then the others: what is asked of two nodes is asked of two operators. */
export function spreadOverOperators<Node extends Pick<KnownNode, "node" | "operator">>(
  nodes: readonly Node[],
): readonly Node[] {
  const best = new Set(nextOperators({ ranked: nodes, besides: undefined }));
  return [...nodes.filter((node) => best.has(node)), ...nodes.filter((node) => !best.has(node))];
}

/** Gives the best node that answers besides a serving node, of another operator if there is one. */
export function witnessOf(params: {
  core: CoreParts<"links">;
  ranked: readonly KnownNode[];
  node: NodeId;
}): NodeId | undefined {
  const { core, ranked, node } = params;
  const operator = core.links.nodes.get(node)?.operator;
  const others = ranked.filter((one) => one.node !== node && isUp(core.links, one.node, steadyMs()));
  return (others.find((one) => one.operator !== operator) ?? others[0])?.node;
}

/** Gives the best nodes that answer, as many as this client reads and writes by; the first serves the chain, too. */
export function nodesInUse(
  core: CoreParts<"links" | "mirrors">,
  ranked: readonly KnownNode[],
): readonly NodeId[] {
  const up = ranked.filter(({ node }) => isUp(core.links, node, steadyMs()));
  const [first] = up;
  // The others are of other operators where there are some.
  const others = first ? spreadOverOperators(up).filter((one) => one !== first) : [];
  return [...(first ? [first] : []), ...others].slice(0, core.mirrors).map(({ node }) => node);
}
