/**
 * Positions in a full binary tree as an array, leaves at even indices (RFC 9420, appendix C). `width` is the number
 * of leaf slots, a power of two.
 */

export function leafNodeIndex(leafIndex: number): number {
  return leafIndex * 2;
}

export function isLeafPosition(node: number): boolean {
  return node % 2 === 0;
}

export function rootIndex(width: number): number {
  return width - 1;
}

/** Gives a node's distance from the leaves: the number of trailing one bits. */
export function levelOf(node: number): number {
  return 31 - Math.clz32(~node & (node + 1));
}

export function leftChild(node: number): number {
  return node ^ (1 << (levelOf(node) - 1));
}

export function rightChild(node: number): number {
  return node ^ (3 << (levelOf(node) - 1));
}

export function parentOf(node: number): number {
  const level = levelOf(node);
  return (node | (1 << level)) & ~(1 << (level + 1));
}

export function siblingOf(node: number): number {
  const parent = parentOf(node);
  return node < parent ? rightChild(parent) : leftChild(parent);
}

/** Lists the parents above a node, up to the root. */
export function directPath(node: number, width: number): number[] {
  const path: number[] = [];
  for (let at = node; at !== rootIndex(width); ) {
    at = parentOf(at);
    path.push(at);
  }
  return path;
}

/** Gives the leaves below a node, as a range of leaf indices. */
export function leafRange(node: number): { first: number; last: number } {
  const half = (1 << levelOf(node)) - 1;
  return { first: (node - half) / 2, last: (node + half) / 2 };
}

export function isAbove(node: number, leafIndex: number): boolean {
  const { first, last } = leafRange(node);
  return first <= leafIndex && leafIndex <= last;
}

/** Finds the lowest node above both leaves. */
export function commonAncestor(leafA: number, leafB: number): number {
  let node = leafNodeIndex(leafA);
  while (!isAbove(node, leafB)) node = parentOf(node);
  return node;
}
