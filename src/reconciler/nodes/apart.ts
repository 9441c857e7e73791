import type { Address, NodeId } from "../../wire/ids.ts";

/** A node and, as far as the registry was read, whose it is. */
export type OwnedNode = { readonly node: NodeId; readonly operator?: Address };

/** One party, as far as anybody can tell. */
function isOneParty(a: OwnedNode, b: OwnedNode): boolean {
  return a.node === b.node || (a.operator !== undefined && a.operator === b.operator);
}

/**
 * Orders the nodes by way of which this client looks people up for a group, best first: the node that relays the
 * group's commits comes last, before it others of its operator, before them the party that serves the group after it.
 * Pure.
 */
export function lookUpOrder<T extends OwnedNode>(params: {
  /** In the client's own order. */
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
 * Picks, of a group's nodes that answer, best first, those that may relay a commit: none of a party that was asked
 * about the people whom the commit concerns, else none of the asked nodes themselves, else all. Pure.
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
