import { malformed } from "../codec/malformed.ts";
import { MAX_MEMBERS } from "../limits.ts";
import type { LeafNode } from "../tree/leafNode.ts";
import {
  editTree,
  filledLeaves,
  leafAt,
  parentAt,
  type RatchetTree,
  setNode,
  type TreeDraft,
} from "../tree/ratchetTree.ts";
import { directPath, leafNodeIndex } from "../tree/treeMath.ts";
import type { Proposal } from "./proposal.ts";

/**
 * Computes the tree after Removes and Adds (RFC 9420, sections 12.1 and 12.3), and the leaves that the Adds filled.
 * Throws `malformed` for more members than a group may have.
 */
export function applyProposals(params: { tree: RatchetTree; proposals: readonly Proposal[] }): {
  tree: RatchetTree;
  addedLeaves: number[];
} {
  const { proposals } = params;
  const addedLeaves: number[] = [];
  const tree = editTree(params.tree, (draft) => {
    for (const proposal of proposals) if (proposal.kind === "remove") removeLeaf(draft, proposal.leafIndex);
    truncate(draft);
    let from = 0;
    for (const proposal of proposals) {
      if (proposal.kind !== "add") continue;
      from = addLeaf(draft, proposal.keyPackage.leaf, from);
      addedLeaves.push(from);
    }
  });
  if (addedLeaves.length > 0 && filledLeaves(tree).length > MAX_MEMBERS) {
    throw malformed("more members than a group may have");
  }
  return { tree, addedLeaves };
}

function removeLeaf(draft: TreeDraft, leafIndex: number): void {
  const position = leafNodeIndex(leafIndex);
  setNode(draft, position, undefined);
  for (const above of directPath(position, draft.width)) setNode(draft, above, undefined);
}

function truncate(draft: TreeDraft): void {
  const isFilled = (leafIndex: number) => draft.nodes[leafNodeIndex(leafIndex)] !== undefined;
  while (draft.width > 1) {
    const half = draft.width / 2;
    for (let leafIndex = half; leafIndex < draft.width; leafIndex++) if (isFilled(leafIndex)) return;
    draft.width = half;
    draft.nodes.length = 2 * half - 1;
    draft.hashes.length = Math.min(draft.hashes.length, 2 * half - 1);
  }
}

/** Fills the leftmost blank leaf at or right of `from`; left of it there is none. */
function addLeaf(draft: TreeDraft, leaf: LeafNode, from: number): number {
  let leafIndex = from;
  while (leafIndex < draft.width && leafAt(draft, leafIndex)) leafIndex++;
  if (leafIndex === draft.width) extend(draft);
  const position = leafNodeIndex(leafIndex);
  setNode(draft, position, leaf);
  for (const above of directPath(position, draft.width)) {
    const parent = parentAt(draft, above);
    if (!parent) continue;
    const unmergedLeaves = [...parent.unmergedLeaves, leafIndex].sort((a, b) => a - b);
    setNode(draft, above, { ...parent, unmergedLeaves });
  }
  return leafIndex;
}

function extend(draft: TreeDraft): void {
  draft.width *= 2;
  while (draft.nodes.length < 2 * draft.width - 1) draft.nodes.push(undefined);
}
