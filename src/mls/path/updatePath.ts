import { concatBytes } from "../../crypto/concatBytes.ts";
import { type Reader, readList, readOpaqueOf } from "../codec/read.ts";
import { list, opaque } from "../codec/write.ts";
import { encodeHpkeCiphertext, type HpkeCiphertext, readHpkeCiphertext } from "../label/encryptWithLabel.ts";
import { KEY_LENGTH, MAX_TREE_WIDTH } from "../limits.ts";
import { type LeafNode, readLeafNode } from "../tree/leafNode.ts";

/** UpdatePath (RFC 9420, section 7.6). */
export type UpdatePath = {
  readonly leaf: LeafNode;
  /** One per step of the filtered direct path, from the leaf up. */
  readonly nodes: readonly UpdatePathNode[];
};

export type UpdatePathNode = {
  readonly encryptionKey: Uint8Array;
  /** The path secret, once for each position of the resolution beside the path. */
  readonly sealedSecrets: readonly HpkeCiphertext[];
};

const MAX_PATH_NODES = Math.log2(MAX_TREE_WIDTH);

export function encodeUpdatePath(path: UpdatePath): Uint8Array {
  const nodes = path.nodes.map(({ encryptionKey, sealedSecrets }) =>
    concatBytes(opaque(encryptionKey), list(sealedSecrets.map(encodeHpkeCiphertext))),
  );
  return concatBytes(path.leaf.encoded, list(nodes));
}

export function readUpdatePath(reader: Reader): UpdatePath {
  return { leaf: readLeafNode(reader), nodes: readList(reader, MAX_PATH_NODES, readUpdatePathNode) };
}

function readUpdatePathNode(reader: Reader): UpdatePathNode {
  return {
    encryptionKey: readOpaqueOf(reader, KEY_LENGTH),
    sealedSecrets: readList(reader, MAX_TREE_WIDTH, readHpkeCiphertext),
  };
}
