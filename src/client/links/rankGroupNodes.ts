import { steadyMs } from "../../clock/steadyMs.ts";
import type { GroupId, NodeId } from "../../wire/ids.ts";
import { fromHex } from "../../wire/ids.ts";
import type { ClientCore } from "../core.ts";
import { readEpoch } from "../groups/epochStates.ts";
import { viewOf } from "../groups/epochView.ts";
import type { Group } from "../groups/group.ts";
import { rankNodes, utcDay } from "../nodes/rankNodes.ts";
import type { HeadId, KnownNode } from "../tables.ts";
import { nextOperators } from "../witness/nextOperators.ts";
import { networkMs } from "./chainTime.ts";
import { activeNodes, isUp } from "./nodeLinks.ts";
import { reachable } from "./reach.ts";

/** What a ranking was made of, and the ranking. */
type Ranking = {
  readonly head: HeadId;
  readonly day: number;
  readonly preferred: NodeId | undefined;
  readonly nodes: readonly KnownNode[];
  readonly ranked: readonly KnownNode[];
};

const rankings = new WeakMap<Group, Ranking>();

/**
 * The active nodes of a conversation that it reaches, best first: by the group's salt, with the app's preference
 * before all.
 */
export async function rankGroupNodes(params: {
  core: ClientCore;
  group: GroupId;
}): Promise<readonly KnownNode[]> {
  const { core, group } = params;
  const handle = core.groups.get(group);
  const { head } = handle?.view.record ?? { head: group };
  const made = { head, day: utcDay(networkMs(core.links)), preferred: core.preferences.get(group) };
  const nodes = activeNodes(core.links);
  const known = handle && rankings.get(handle);
  if (known && isSame(known, { ...made, nodes })) {
    return reachable({ links: core.links, group, ranked: known.ranked });
  }
  // Of a state that nobody needs but for its salt nothing is kept.
  const cache = new Map(handle?.epochs);
  const epoch = handle && (await readEpoch({ database: core.database, group, cache, head }));
  const salt = epoch ? viewOf(epoch.state).context.salt : fromHex(group);
  const ranked = rankNodes({ ...made, nodes, salt });
  if (handle && epoch) rankings.set(handle, { ...made, nodes, ranked });
  return reachable({ links: core.links, group, ranked });
}

function isSame(known: Ranking, now: Omit<Ranking, "ranked">): boolean {
  const { head, day, preferred, nodes } = now;
  const isMadeOfSame = known.head === head && known.day === day && known.preferred === preferred;
  return (
    isMadeOfSame && known.nodes.length === nodes.length && known.nodes.every((one, i) => one === nodes[i])
  );
}

/** The nodes of this installation's own topics: Welcomes and key packages. */
export function rankOwnNodes(core: ClientCore): KnownNode[] {
  return rankNodes({
    nodes: activeNodes(core.links),
    day: utcDay(networkMs(core.links)),
    salt: fromHex(core.self.installation.key),
  });
}

/** The best of each operator first, then the others: what is asked of two nodes is asked of two operators. */
export function spreadOverOperators<Node extends Pick<KnownNode, "node" | "operator">>(
  nodes: readonly Node[],
): readonly Node[] {
  const best = new Set(nextOperators({ ranked: nodes, besides: undefined }));
  return [...nodes.filter((node) => best.has(node)), ...nodes.filter((node) => !best.has(node))];
}

/** The best that answers besides a node that serves, of another operator if there is one. */
export function witnessOf(params: {
  core: ClientCore;
  ranked: readonly KnownNode[];
  node: NodeId;
}): NodeId | undefined {
  const { core, ranked, node } = params;
  const operator = core.links.nodes.get(node)?.operator;
  const others = ranked.filter((one) => one.node !== node && isUp(core.links, one.node, steadyMs()));
  return (others.find((one) => one.operator !== operator) ?? others[0])?.node;
}

/** Of the nodes that answer the best, as many as this client reads and writes by way of: the first serves the chain, too. */
export function nodesInUse(core: ClientCore, ranked: readonly KnownNode[]): readonly NodeId[] {
  const up = ranked.filter(({ node }) => isUp(core.links, node, steadyMs()));
  const [first] = up;
  // The others are of other operators where there are some.
  const others = first ? spreadOverOperators(up).filter((one) => one !== first) : [];
  return [...(first ? [first] : []), ...others].slice(0, core.mirrors).map(({ node }) => node);
}
