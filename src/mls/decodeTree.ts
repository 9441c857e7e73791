import { malformed } from "./codec/malformed.ts";
import { type Reader, readList, readOptional, readUint8, readWhole } from "./codec/read.ts";
import { MAX_MEMBERS, MAX_TREE_BYTES, MAX_TREE_WIDTH } from "./limits.ts";
import { readLeafNode } from "./tree/leafNode.ts";
import { readParentNode } from "./tree/parentNode.ts";
import { filledLeaves, type RatchetTree, type TreeNode } from "./tree/ratchetTree.ts";
import { isLeafPosition } from "./tree/treeMath.ts";

/** Reads what `encodeTree` wrote; form only, `checkTree` judges the content. Throws `malformed`. */
export function decodeTree(bytes: Uint8Array): RatchetTree {
  if (bytes.length > MAX_TREE_BYTES) throw malformed("tree too large");
  const nodes = readWhole(bytes, (reader) =>
    readList(reader, 2 * MAX_TREE_WIDTH - 1, (one) => readOptional(one, readNode)),
  );
  if (nodes.at(-1) === undefined) throw malformed("tree ends with a blank node");
  for (const [position, node] of nodes.entries()) {
    if (node && (node.kind === "leaf") !== isLeafPosition(position))
      throw malformed("node of the wrong kind");
  }
  let width = 1;
  while (2 * width - 1 < nodes.length) width *= 2;
  while (nodes.length < 2 * width - 1) nodes.push(undefined);
  const tree: RatchetTree = { width, nodes, hashes: [] };
  if (filledLeaves(tree).length > MAX_MEMBERS) throw malformed("more members than a group may have");
  return tree;
}

function readNode(reader: Reader): TreeNode {
  switch (readUint8(reader)) {
    case 1:
      return readLeafNode(reader);
    case 2:
      return readParentNode(reader);
    default:
      throw malformed("unknown kind of node");
  }
}
