import { generateX25519, randomBytes } from "#crypto";
import { WeftError } from "../../errors.ts";
import { encryptWithLabel } from "../label/encryptWithLabel.ts";
import { HASH_LENGTH } from "../limits.ts";
import { signLeafNode } from "../tree/leafNode.ts";
import {
  filteredDirectPath,
  leafAt,
  type PathStep,
  type RatchetTree,
  resolution,
} from "../tree/ratchetTree.ts";
import { leafNodeIndex } from "../tree/treeMath.ts";
import { type DerivedPath, derivePath } from "./derivePath.ts";
import { computePathParents, placePath } from "./placePath.ts";
import type { UpdatePath } from "./updatePath.ts";

/** A path whose secrets are not sealed yet: the context to seal them under needs its tree. */
export type FreshPath = {
  readonly tree: RatchetTree;
  readonly steps: readonly PathStep[];
  readonly derived: DerivedPath;
  /** The private keys of the own leaf and the path. */
  readonly privateKeys: ReadonlyMap<number, Uint8Array>;
};

/** Draws fresh keys for the own leaf and its filtered direct path (RFC 9420, section 7.5). */
export function createPath(params: {
  tree: RatchetTree;
  groupId: Uint8Array;
  leafIndex: number;
  signaturePrivateKey: Uint8Array;
}): FreshPath {
  const { tree, groupId, leafIndex } = params;
  const old = leafAt(tree, leafIndex);
  if (!old) throw new WeftError({ code: "internal", message: "the own leaf is blank" });
  const steps = filteredDirectPath(tree, leafIndex);
  const derived = derivePath(randomBytes(HASH_LENGTH), steps.length);
  const encryptionKeys = derived.keyPairs.map(({ publicKey }) => publicKey);
  const path = computePathParents({ tree, steps, encryptionKeys });
  const own = generateX25519();
  const leaf = signLeafNode({
    leaf: {
      ...old,
      encryptionKey: own.publicKey,
      source: { kind: "commit", parentHash: path.leafParentHash },
    },
    place: { groupId, leafIndex },
    privateKey: params.signaturePrivateKey,
  });
  const privateKeys = new Map([[leafNodeIndex(leafIndex), own.privateKey]]);
  for (const [i, { position }] of steps.entries()) {
    const pair = derived.keyPairs[i];
    if (pair) privateKeys.set(position, pair.privateKey);
  }
  return { tree: placePath({ tree, leafIndex, leaf, path }), steps, derived, privateKeys };
}

/** Seals each path secret to everyone beside the path, except the leaves that were just added. */
export function sealPath(params: {
  fresh: FreshPath;
  treeBeforePath: RatchetTree;
  addedLeaves: readonly number[];
  leafIndex: number;
  encodedContext: Uint8Array;
}): UpdatePath {
  const { fresh, treeBeforePath, leafIndex, encodedContext: context } = params;
  const added = new Set(params.addedLeaves);
  const leaf = leafAt(fresh.tree, leafIndex);
  if (!leaf) throw new WeftError({ code: "internal", message: "the own leaf is blank" });
  const nodes = fresh.steps.map(({ copathChild }, i) => {
    const plaintext = fresh.derived.pathSecrets[i] ?? new Uint8Array(0);
    const sealedSecrets = resolution(treeBeforePath, copathChild, added).map((position) => {
      const publicKey = treeBeforePath.nodes[position]?.encryptionKey ?? new Uint8Array(0);
      return encryptWithLabel({ publicKey, label: "UpdatePathNode", context, plaintext });
    });
    return { encryptionKey: fresh.derived.keyPairs[i]?.publicKey ?? new Uint8Array(0), sealedSecrets };
  });
  return { leaf, nodes };
}
