import { equalBytes } from "../../crypto/equalBytes.ts";
import { isUsableX25519 } from "../../crypto/isUsableX25519.ts";
import { KEY_LENGTH, TAG_LENGTH } from "../limits.ts";
import { hasDuplicateKeys } from "../tree/checkTree.ts";
import { hasValidSignature } from "../tree/leafNode.ts";
import { filteredDirectPath, type PathStep, type RatchetTree, resolution } from "../tree/ratchetTree.ts";
import { computePathParents, placePath } from "./placePath.ts";
import type { UpdatePath, UpdatePathNode } from "./updatePath.ts";

export type PathFault =
  | "outside-profile"
  | "bad-path"
  | "bad-parent-hash"
  | "bad-signature"
  | "duplicate-key";

export type JudgedPath =
  | { readonly kind: "valid"; readonly tree: RatchetTree; readonly steps: readonly PathStep[] }
  | { readonly kind: "fault"; readonly reason: PathFault };

const SEALED_SECRET_LENGTH = KEY_LENGTH + TAG_LENGTH;

/**
 * Judges everything of an update path that needs no secret (RFC 9420, section 12.4.2), and gives the tree with it
 * merged.
 */
export function judgePath(params: {
  /** The tree after the proposals. */
  tree: RatchetTree;
  groupId: Uint8Array;
  committer: number;
  addedLeaves: readonly number[];
  path: UpdatePath;
}): JudgedPath {
  const { tree, groupId, committer, path } = params;
  const { leaf, nodes } = path;
  if (leaf.source.kind !== "commit") return fault("bad-path");
  const steps = filteredDirectPath(tree, committer);
  if (steps.length !== nodes.length) return fault("bad-path");
  const added = new Set(params.addedLeaves);
  for (const [i, step] of steps.entries()) {
    if (!isNodeValid(nodes[i], resolution(tree, step.copathChild, added).length)) return fault("bad-path");
  }
  const encryptionKeys = nodes.map(({ encryptionKey }) => encryptionKey);
  if (hasDuplicateKeys(tree, [leaf.encryptionKey, ...encryptionKeys])) return fault("duplicate-key");
  const parents = computePathParents({ tree, steps, encryptionKeys });
  if (!equalBytes(leaf.source.parentHash, parents.leafParentHash)) return fault("bad-parent-hash");
  if (!hasValidSignature(leaf, { groupId, leafIndex: committer })) return fault("bad-signature");
  return { kind: "valid", steps, tree: placePath({ tree, leafIndex: committer, leaf, path: parents }) };
}

function isNodeValid(node: UpdatePathNode | undefined, recipients: number): boolean {
  return (
    node !== undefined &&
    isUsableX25519(node.encryptionKey) &&
    node.sealedSecrets.length === recipients &&
    node.sealedSecrets.every(
      ({ encapsulation, ciphertext }) =>
        isUsableX25519(encapsulation) && ciphertext.length === SEALED_SECRET_LENGTH,
    )
  );
}

function fault(reason: PathFault): JudgedPath {
  return { kind: "fault", reason };
}
