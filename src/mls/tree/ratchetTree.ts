import type { LeafNode } from "./leafNode.ts";
import type { ParentNode } from "./parentNode.ts";
import {
  directPath,
  isLeafPosition,
  leafNodeIndex,
  leftChild,
  parentOf,
  rightChild,
  rootIndex,
  siblingOf,
} from "./treeMath.ts";

export type TreeNode = LeafNode | ParentNode;

/**
 * A ratchet tree (RFC 9420, section 4.1), never changed once built; `editTree` gives a new one that shares nodes.
 * `width` is the number of leaf slots, a power of two; `nodes` are in array order, blank ones `undefined`.
 */
export type RatchetTree = {
  readonly width: number;
  readonly nodes: readonly (TreeNode | undefined)[];
  /** Tree hashes that were needed so far, by position; never part of what is written. */
  readonly hashes: (Uint8Array | undefined)[];
};

/** A tree under construction. */
export type TreeDraft = {
  width: number;
  nodes: (TreeNode | undefined)[];
  hashes: (Uint8Array | undefined)[];
};

/** Gives a new tree: `tree` with what `edit` does to a draft of it. */
export function editTree(tree: RatchetTree, edit: (draft: TreeDraft) => void): RatchetTree {
  const draft = { width: tree.width, nodes: tree.nodes.slice(), hashes: tree.hashes.slice() };
  edit(draft);
  return draft;
}

/** Fills or blanks one position of a draft. */
export function setNode(draft: TreeDraft, position: number, node: TreeNode | undefined): void {
  draft.nodes[position] = node;
  draft.hashes[position] = undefined;
  for (const above of directPath(position, draft.width)) draft.hashes[above] = undefined;
}

export function leafAt(tree: RatchetTree, leafIndex: number): LeafNode | undefined {
  if (leafIndex >= tree.width) return undefined;
  const node = tree.nodes[leafNodeIndex(leafIndex)];
  return node?.kind === "leaf" ? node : undefined;
}

export function parentAt(tree: RatchetTree, position: number): ParentNode | undefined {
  const node = tree.nodes[position];
  return node?.kind === "parent" ? node : undefined;
}

/** Lists the filled leaves with their indices, from left to right. */
export function filledLeaves(tree: RatchetTree): { leafIndex: number; leaf: LeafNode }[] {
  const filled: { leafIndex: number; leaf: LeafNode }[] = [];
  for (let leafIndex = 0; leafIndex < tree.width; leafIndex++) {
    const leaf = leafAt(tree, leafIndex);
    if (leaf) filled.push({ leafIndex, leaf });
  }
  return filled;
}

/** Lists the positions that together cover everyone below `position` (RFC 9420, section 4.1.1), without some leaves. */
export function resolution(
  tree: RatchetTree,
  position: number,
  withoutLeaves: ReadonlySet<number> = new Set(),
): number[] {
  const node = tree.nodes[position];
  if (node?.kind === "leaf") return withoutLeaves.has(position / 2) ? [] : [position];
  if (node) {
    const unmerged = node.unmergedLeaves.filter((leaf) => !withoutLeaves.has(leaf));
    return [position, ...unmerged.map(leafNodeIndex)];
  }
  if (isLeafPosition(position)) return [];
  return [
    ...resolution(tree, leftChild(position), withoutLeaves),
    ...resolution(tree, rightChild(position), withoutLeaves),
  ];
}

/** One step of a filtered direct path: a node, and its child beside the path. */
export type PathStep = { readonly position: number; readonly copathChild: number };

/** Lists the direct path of a leaf without the nodes whose other child covers nobody (RFC 9420, section 4.1.2). */
export function filteredDirectPath(tree: RatchetTree, leafIndex: number): PathStep[] {
  const steps: PathStep[] = [];
  for (let below = leafNodeIndex(leafIndex); below !== rootIndex(tree.width); ) {
    const copathChild = siblingOf(below);
    const position = parentOf(below);
    if (resolution(tree, copathChild).length > 0) steps.push({ position, copathChild });
    below = position;
  }
  return steps;
}
