import { concatBytes } from "../crypto/concatBytes.ts";
import { list, optional, uint8 } from "./codec/write.ts";
import { encodeParentNode } from "./tree/parentNode.ts";
import type { RatchetTree, TreeNode } from "./tree/ratchetTree.ts";

/** Encodes the `ratchet_tree` of a group (RFC 9420, section 12.4.3.3). It changes with commits only. */
export function encodeTree(state: { readonly tree: RatchetTree }): Uint8Array {
  const { nodes } = state.tree;
  const filled = nodes.findLastIndex((node) => node !== undefined) + 1;
  return list(nodes.slice(0, filled).map((node) => optional(node && encodeNode(node))));
}

function encodeNode(node: TreeNode): Uint8Array {
  return node.kind === "leaf"
    ? concatBytes(uint8(1), node.encoded)
    : concatBytes(uint8(2), encodeParentNode(node));
}
