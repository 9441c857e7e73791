import { sha256 } from "#crypto";
import { concatBytes } from "../../crypto/concatBytes.ts";
import { opaque, optional, uint8, uint32 } from "../codec/write.ts";
import { encodeParentNode } from "./parentNode.ts";
import type { RatchetTree, TreeNode } from "./ratchetTree.ts";
import { isLeafPosition, leafRange, leftChild, rightChild, rootIndex } from "./treeMath.ts";

const LEAF = uint8(1);
const PARENT = uint8(2);

/** Computes the tree hash of the whole tree (RFC 9420, section 7.8). */
export function treeHash(tree: RatchetTree): Uint8Array {
  return subtreeHash(tree, rootIndex(tree.width));
}

/** Computes the tree hash of the subtree at a position; what was computed before is remembered with the tree. */
export function subtreeHash(tree: RatchetTree, position: number): Uint8Array {
  const known = tree.hashes[position];
  if (known) return known;
  const hash = isLeafPosition(position)
    ? leafHash(position, tree.nodes[position])
    : innerHash(
        tree.nodes[position],
        subtreeHash(tree, leftChild(position)),
        subtreeHash(tree, rightChild(position)),
      );
  tree.hashes[position] = hash;
  return hash;
}

/**
 * Computes the tree hash of a subtree as if some leaves had never been there (RFC 9420, section 7.9: original tree
 * hash).
 */
export function subtreeHashWithout(
  tree: RatchetTree,
  position: number,
  leaves: ReadonlySet<number>,
): Uint8Array {
  const { first, last } = leafRange(position);
  const touched = [...leaves].some((leaf) => first <= leaf && leaf <= last);
  if (!touched) return subtreeHash(tree, position);
  if (isLeafPosition(position)) return leafHash(position, undefined);
  const node = tree.nodes[position];
  const without =
    node?.kind === "parent"
      ? { ...node, unmergedLeaves: node.unmergedLeaves.filter((leaf) => !leaves.has(leaf)) }
      : undefined;
  return innerHash(
    without,
    subtreeHashWithout(tree, leftChild(position), leaves),
    subtreeHashWithout(tree, rightChild(position), leaves),
  );
}

function leafHash(position: number, node: TreeNode | undefined): Uint8Array {
  const leaf = node?.kind === "leaf" ? node.encoded : undefined;
  return sha256(concatBytes(LEAF, uint32(position / 2), optional(leaf)));
}

function innerHash(node: TreeNode | undefined, left: Uint8Array, right: Uint8Array): Uint8Array {
  const parent = node?.kind === "parent" ? encodeParentNode(node) : undefined;
  return sha256(concatBytes(PARENT, optional(parent), opaque(left), opaque(right)));
}
