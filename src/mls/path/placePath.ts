import type { LeafNode } from "../tree/leafNode.ts";
import { parentHash } from "../tree/parentHash.ts";
import type { ParentNode } from "../tree/parentNode.ts";
import { editTree, type PathStep, type RatchetTree, setNode } from "../tree/ratchetTree.ts";
import { subtreeHash } from "../tree/treeHash.ts";
import { directPath, leafNodeIndex } from "../tree/treeMath.ts";

/** New parents on a filtered direct path, with their parent hashes, and the parent hash that the leaf has to carry. */
export type PathParents = {
  readonly steps: readonly PathStep[];
  readonly parents: readonly ParentNode[];
  readonly leafParentHash: Uint8Array;
};

/** Computes the parents from the root down (RFC 9420, section 7.9). One key per step, from the leaf up. */
export function computePathParents(params: {
  tree: RatchetTree;
  steps: readonly PathStep[];
  encryptionKeys: readonly Uint8Array[];
}): PathParents {
  const { tree, steps, encryptionKeys } = params;
  const parents: ParentNode[] = [];
  let above: Uint8Array = new Uint8Array(0);
  for (const [i, step] of [...steps.entries()].reverse()) {
    const encryptionKey = encryptionKeys[i] ?? new Uint8Array(0);
    parents.unshift({ kind: "parent", encryptionKey, parentHash: above, unmergedLeaves: [] });
    const siblingTreeHash = subtreeHash(tree, step.copathChild);
    above = parentHash({ encryptionKey, parentHash: above, siblingTreeHash });
  }
  return { steps, parents, leafParentHash: above };
}

/** Merges an update path into the tree (RFC 9420, section 7.5): blanks the direct path, then fills it. */
export function placePath(params: {
  tree: RatchetTree;
  leafIndex: number;
  leaf: LeafNode;
  path: PathParents;
}): RatchetTree {
  const { tree, leafIndex, leaf, path } = params;
  return editTree(tree, (draft) => {
    for (const above of directPath(leafNodeIndex(leafIndex), draft.width)) setNode(draft, above, undefined);
    for (const [i, { position }] of path.steps.entries()) setNode(draft, position, path.parents[i]);
    setNode(draft, leafNodeIndex(leafIndex), leaf);
  });
}
