import type { Address, NodeId } from "../../wire/ids.ts";

/** A node and, as far as the registry was read, its operator. */
export type OwnedNode = { readonly node: NodeId; readonly operator?: Address };

/** True if both nodes are of one operator, as far as anybody can tell. */
function isOneParty(a: OwnedNode, b: OwnedNode): boolean {
  return a.node === b.node || (a.operator !== undefined && a.operator === b.operator);
}

/**
 * Orders the nodes by way of which this client looks people up for a group, best first. The node that relays the
 * group's commits comes last, before it other nodes of its operator, and before these the party that would serve the
 * group next. Pure.
 */
export function lookUpOrder<T extends OwnedNode>(params: {
  /** The nodes in the client's own order. */
  nodes: readonly T[];
  /** The group's nodes that answer, best first. */
  serving: readonly OwnedNode[];
}): T[] {
  const [relaying] = params.serving;
  const next = params.serving.find((one) => relaying && !isOneParty(one, relaying));
  const closeness = (one: T): number => {
    if (one.node === relaying?.node) return 3;
    if (relaying && isOneParty(one, relaying)) return 2;
    return next && isOneParty(one, next) ? 1 : 0;
  };
  return params.nodes.toSorted((a, b) => closeness(a) - closeness(b));
}

/**
 * Picks those of a group's nodes that may relay a commit; the given nodes answer, best first. None of them is of a
 * party that was asked about the people whom the commit concerns; if no such node is left, none is one of the asked
 * nodes itself; if none is left then either, all may relay it. Pure.
 */
export function apartFrom<T extends OwnedNode>(params: {
  nodes: readonly T[];
  asked: readonly OwnedNode[];
}): readonly T[] {
  const { nodes, asked } = params;
  const ofOthers = nodes.filter((one) => !asked.some((other) => isOneParty(one, other)));
  if (ofOthers.length > 0) return ofOthers;
  const others = nodes.filter((one) => !asked.some(({ node }) => node === one.node));
  return others.length > 0 ? others : nodes;
}
