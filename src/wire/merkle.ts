import { sha256 } from "#crypto";
import { concatBytes } from "../crypto/concatBytes.ts";
import { equalBytes } from "../crypto/equalBytes.ts";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
/** Deep enough for MAX_BATCH_ENVELOPES leaves. */
const MAX_DEPTH = 32;

/** Computes the root of the Merkle tree of RFC 6962 §2.1 over at least one leaf. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (only !== undefined && leaves.length === 1) return sha256(concatBytes(LEAF, only));
  const split = splitOf(leaves.length);
  return hashNode(merkleRoot(leaves.slice(0, split)), merkleRoot(leaves.slice(split)));
}

/** Lists the siblings of a leaf from the leaf up (RFC 6962 §2.1.1). */
export function merklePath(params: { leaves: readonly Uint8Array[]; index: number }): Uint8Array[] {
  const { leaves, index } = params;
  if (leaves.length <= 1) return [];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...merklePath({ leaves: left, index }), merkleRoot(right)]
    : [...merklePath({ leaves: right, index: index - split }), merkleRoot(left)];
}

/** Lists the paths of all leaves at once: what `merklePath` gives for each, at the cost of one tree. */
export function merklePaths(leaves: readonly Uint8Array[]): Uint8Array[][] {
  return treeOf(leaves).paths;
}

function treeOf(leaves: readonly Uint8Array[]): { root: Uint8Array; paths: Uint8Array[][] } {
  if (leaves.length <= 1) return { root: merkleRoot(leaves), paths: [[]] };
  const split = splitOf(leaves.length);
  const [left, right] = [treeOf(leaves.slice(0, split)), treeOf(leaves.slice(split))];
  const paths = [
    ...left.paths.map((path) => [...path, right.root]),
    ...right.paths.map((path) => [...path, left.root]),
  ];
  return { root: hashNode(left.root, right.root), paths };
}

/** True if `leaf` stands at `index` of the `count` leaves of the tree with this root. */
export function verifyMerklePath(params: {
  leaf: Uint8Array;
  index: number;
  count: number;
  siblings: readonly Uint8Array[];
  root: Uint8Array;
}): boolean {
  const { index, count, siblings } = params;
  if (!(Number.isInteger(index) && index >= 0 && index < count) || siblings.length > MAX_DEPTH) return false;
  const root = rootFrom({ ...params, siblings: [...siblings] });
  return root !== undefined && equalBytes(root, params.root);
}

function rootFrom(params: {
  leaf: Uint8Array;
  index: number;
  count: number;
  siblings: Uint8Array[];
}): Uint8Array | undefined {
  const { leaf, index, count } = params;
  if (count === 1) return params.siblings.length === 0 ? sha256(concatBytes(LEAF, leaf)) : undefined;
  const sibling = params.siblings.at(-1);
  if (sibling === undefined) return undefined;
  const siblings = params.siblings.slice(0, -1);
  const split = splitOf(count);
  if (index < split) {
    const left = rootFrom({ leaf, index, count: split, siblings });
    return left && hashNode(left, sibling);
  }
  const right = rootFrom({ leaf, index: index - split, count: count - split, siblings });
  return right && hashNode(sibling, right);
}

function hashNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(NODE, left, right));
}

/** Gives the largest power of two below `count`. */
function splitOf(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}
