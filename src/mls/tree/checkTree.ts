import { toHex } from "../../crypto/toHex.ts";
import { WeftError } from "../../errors.ts";
import { malformed } from "../codec/malformed.ts";
import { hasValidSignature } from "./leafNode.ts";
import { isParentHashValid } from "./parentHash.ts";
import type { ParentNode } from "./parentNode.ts";
import { filledLeaves, leafAt, parentAt, type RatchetTree } from "./ratchetTree.ts";
import { directPath, isAbove, leafNodeIndex } from "./treeMath.ts";

/**
 * Checks a tree as a joiner has to (RFC 9420, section 12.4.3.1): signatures of leaves, unique keys, parent hashes and
 * unmerged leaves. Throws `bad-signature` or `malformed`.
 */
export function checkTree(params: { tree: RatchetTree; groupId: Uint8Array }): void {
  const { tree, groupId } = params;
  for (const { leafIndex, leaf } of filledLeaves(tree)) {
    if (!hasValidSignature(leaf, { groupId, leafIndex })) {
      throw new WeftError({
        code: "bad-signature",
        message: `signature of leaf ${leafIndex} does not verify`,
      });
    }
  }
  if (hasDuplicateKeys(tree)) throw malformed("a key appears twice in the tree");
  for (const position of tree.nodes.keys()) {
    const node = parentAt(tree, position);
    if (!node) continue;
    if (!areUnmergedLeavesValid(tree, position, node)) throw malformed("invalid unmerged leaves");
    if (!isParentHashValid(tree, position, node)) throw malformed("invalid parent hash");
  }
}

/** True if two leaves share a signature key, or two nodes or fresh keys an encryption key. */
export function hasDuplicateKeys(tree: RatchetTree, freshKeys: readonly Uint8Array[] = []): boolean {
  const encryptionKeys = new Set(freshKeys.map(toHex));
  const signatureKeys = new Set<string>();
  let nodes = freshKeys.length;
  let leaves = 0;
  for (const node of tree.nodes) {
    if (!node) continue;
    nodes++;
    encryptionKeys.add(toHex(node.encryptionKey));
    if (node.kind !== "leaf") continue;
    leaves++;
    signatureKeys.add(toHex(node.signatureKey));
  }
  return encryptionKeys.size !== nodes || signatureKeys.size !== leaves;
}

function areUnmergedLeavesValid(tree: RatchetTree, position: number, node: ParentNode): boolean {
  return node.unmergedLeaves.every((leafIndex) => {
    if (!isAbove(position, leafIndex) || !leafAt(tree, leafIndex)) return false;
    const above = directPath(leafNodeIndex(leafIndex), tree.width);
    return above.slice(0, above.indexOf(position)).every((between) => {
      const inner = parentAt(tree, between);
      return !inner || inner.unmergedLeaves.includes(leafIndex);
    });
  });
}
