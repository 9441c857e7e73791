import { concatBytes } from "../../crypto/concatBytes.ts";
import { malformed } from "../codec/malformed.ts";
import { type Reader, readList, readOpaque, readOpaqueOf, readUint32 } from "../codec/read.ts";
import { list, opaque, uint32 } from "../codec/write.ts";
import { HASH_LENGTH, KEY_LENGTH, MAX_TREE_WIDTH } from "../limits.ts";

/** ParentNode (RFC 9420, section 7.1). */
export type ParentNode = {
  readonly kind: "parent";
  readonly encryptionKey: Uint8Array;
  /** Empty if nothing above is filled. */
  readonly parentHash: Uint8Array;
  /** Leaf indices, increasing. */
  readonly unmergedLeaves: readonly number[];
};

export function encodeParentNode(node: ParentNode): Uint8Array {
  return concatBytes(
    opaque(node.encryptionKey),
    opaque(node.parentHash),
    list(node.unmergedLeaves.map(uint32)),
  );
}

export function readParentNode(reader: Reader): ParentNode {
  const encryptionKey = readOpaqueOf(reader, KEY_LENGTH);
  const parentHash = readOpaque(reader, HASH_LENGTH);
  if (parentHash.length !== 0 && parentHash.length !== HASH_LENGTH) throw malformed("not a parent hash");
  const unmergedLeaves = readList(reader, MAX_TREE_WIDTH, readUint32);
  for (const [i, leaf] of unmergedLeaves.entries()) {
    if (i > 0 && leaf <= (unmergedLeaves[i - 1] ?? 0)) throw malformed("unmerged leaves are not increasing");
  }
  return { kind: "parent", encryptionKey, parentHash, unmergedLeaves };
}
