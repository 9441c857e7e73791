import { sha256 } from "#crypto";
import { concatBytes } from "../../crypto/concatBytes.ts";
import { equalBytes } from "../../crypto/equalBytes.ts";
import { opaque } from "../codec/write.ts";
import type { ParentNode } from "./parentNode.ts";
import { type RatchetTree, resolution, type TreeNode } from "./ratchetTree.ts";
import { subtreeHashWithout } from "./treeHash.ts";
import { isLeafPosition, leafRange, leftChild, rightChild } from "./treeMath.ts";

/** Computes the parent hash of a node, with the tree hash of the child beside the path (RFC 9420, section 7.9). */
export function parentHash(params: {
  encryptionKey: Uint8Array;
  parentHash: Uint8Array;
  siblingTreeHash: Uint8Array;
}): Uint8Array {
  return sha256(
    concatBytes(opaque(params.encryptionKey), opaque(params.parentHash), opaque(params.siblingTreeHash)),
  );
}

/** True if the parent was set by exactly one update path of a leaf below it (RFC 9420, section 7.9.2). */
export function isParentHashValid(tree: RatchetTree, position: number, node: ParentNode): boolean {
  const left = leftChild(position);
  const right = rightChild(position);
  return setThrough(tree, node, left, right) !== setThrough(tree, node, right, left);
}

/** True if `node` was set by a path that came up through `child`. */
function setThrough(tree: RatchetTree, node: ParentNode, child: number, sibling: number): boolean {
  const unmerged = new Set(node.unmergedLeaves);
  const { first, last } = leafRange(child);
  const unmergedBelow = node.unmergedLeaves.filter((leaf) => first <= leaf && leaf <= last).length;
  const below = resolution(tree, child);
  const merged = below.filter((at) => !(isLeafPosition(at) && unmerged.has(at / 2)));
  const [origin] = merged;
  if (origin === undefined || merged.length !== 1 || below.length !== unmergedBelow + 1) return false;
  const claimed = parentHashField(tree.nodes[origin]);
  if (!claimed) return false;
  const siblingTreeHash = subtreeHashWithout(tree, sibling, unmerged);
  const { encryptionKey } = node;
  return equalBytes(claimed, parentHash({ encryptionKey, parentHash: node.parentHash, siblingTreeHash }));
}

function parentHashField(node: TreeNode | undefined): Uint8Array | undefined {
  if (node?.kind === "parent") return node.parentHash;
  return node?.source.kind === "commit" ? node.source.parentHash : undefined;
}
