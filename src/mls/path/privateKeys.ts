import { x25519PublicKey } from "#crypto";
import { equalBytes } from "../../crypto/equalBytes.ts";
import type { RatchetTree } from "../tree/ratchetTree.ts";
import { directPath, leafNodeIndex } from "../tree/treeMath.ts";

/** Keeps those private keys of `known` whose node has the same public key in `after` as in `before`. */
export function keysStillInUse(params: {
  known: ReadonlyMap<number, Uint8Array>;
  before: RatchetTree;
  after: RatchetTree;
}): Map<number, Uint8Array> {
  const { known, before, after } = params;
  const kept = new Map<number, Uint8Array>();
  for (const [position, privateKey] of known) {
    const old = before.nodes[position];
    const now = after.nodes[position];
    if (old && now && equalBytes(old.encryptionKey, now.encryptionKey)) kept.set(position, privateKey);
  }
  return kept;
}

/**
 * Checks the tree invariant (RFC 9420, section 4.2) for one member: it has the private key of its leaf and of exactly
 * the filled nodes above it that it is merged into, and each fits the public key in the tree.
 */
export function fitsTree(params: {
  tree: RatchetTree;
  ownLeafIndex: number;
  privateKeys: ReadonlyMap<number, Uint8Array>;
}): boolean {
  const { tree, ownLeafIndex, privateKeys } = params;
  const own = leafNodeIndex(ownLeafIndex);
  let expected = 0;
  for (const position of [own, ...directPath(own, tree.width)]) {
    const node = tree.nodes[position];
    if (!node || (node.kind === "parent" && node.unmergedLeaves.includes(ownLeafIndex))) continue;
    expected++;
    const privateKey = privateKeys.get(position);
    if (!privateKey || !equalBytes(x25519PublicKey(privateKey), node.encryptionKey)) return false;
  }
  return tree.nodes[own] !== undefined && privateKeys.size === expected;
}
