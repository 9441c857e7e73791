import { steadyMs } from "../../clock/steadyMs.ts";
import type { KnownNode } from "../../reconciler/records/records.ts";
import type { GroupId } from "../../wire/ids.ts";
import { isUp, type NodeLinks } from "./nodeLinks.ts";

/**
 * Keeps those of a conversation's nodes, best first, that are on the side of the node that was in use when the sides
 * were named.
 */
export function reachable(params: {
  links: NodeLinks;
  group: GroupId;
  ranked: readonly KnownNode[];
}): readonly KnownNode[] {
  const { links, group, ranked } = params;
  const { reach } = links;
  if (!reach) return ranked;
  const known = reach.sideOf.get(group);
  const first = ranked.find(({ node }) => isUp(links, node, steadyMs()));
  const side = known ?? reach.sides.find((one) => first && one.has(first.node));
  if (!side) return ranked;
  reach.sideOf.set(group, side);
  return ranked.filter(({ node }) => side.has(node));
}
