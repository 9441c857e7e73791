import { equalBytes } from "../crypto/equalBytes.ts";
import { zero } from "../crypto/zero.ts";
import { WeftError } from "../errors.ts";
import { malformed } from "./codec/malformed.ts";
import { readWhole } from "./codec/read.ts";
import { decodeTree } from "./decodeTree.ts";
import { encodeGroupContext } from "./epoch/groupContext.ts";
import { deriveEpochSecrets, NO_SECRET } from "./epoch/keySchedule.ts";
import { openEpoch } from "./epoch/openEpoch.ts";
import type { GroupState } from "./groupState.ts";
import type { KeyPackageSecrets } from "./keyPackageSecrets.ts";
import { derivePath } from "./path/derivePath.ts";
import { fitsTree } from "./path/privateKeys.ts";
import { checkTreeProfile, groupContextContent } from "./profile.ts";
import { checkTree } from "./tree/checkTree.ts";
import { filledLeaves, leafAt, type RatchetTree } from "./tree/ratchetTree.ts";
import { treeHash } from "./tree/treeHash.ts";
import { commonAncestor, directPath, leafNodeIndex } from "./tree/treeMath.ts";
import { type GroupInfo, hasValidGroupInfoSignature } from "./welcome/groupInfo.ts";
import type { GroupSecrets } from "./welcome/groupSecrets.ts";
import { type KeyPackage, readKeyPackage } from "./welcome/keyPackage.ts";
import { openWelcome } from "./welcome/openWelcome.ts";

/**
 * Joins a group by both parts of a Welcome and the ratchet tree of the same epoch (RFC 9420, section 12.4.3.1). Throws
 * `malformed`, `outside-profile` or `bad-signature` on any misfit; the caller judges, by `members` and the `signer`
 * that is returned, whether they are who they should be.
 */
export function joinGroup(params: {
  keyPackage: Uint8Array;
  keyPackageSecrets: KeyPackageSecrets;
  encryptedGroupSecrets: Uint8Array;
  encryptedGroupInfo: Uint8Array;
  ratchetTree: Uint8Array;
}): { state: GroupState; signer: number } {
  const keyPackage = readWhole(params.keyPackage, readKeyPackage);
  const { initPrivateKey, encryptionPrivateKey } = params.keyPackageSecrets;
  const { groupSecrets, groupInfo } = openWelcome({ ...params, initPrivateKey });
  const tree = decodeTree(params.ratchetTree);
  groupContextContent(groupInfo.context.extensions);
  checkTreeProfile(tree);
  const state = enterGroup({ keyPackage, encryptionPrivateKey, groupSecrets, groupInfo, tree });
  zero(groupSecrets.joinerSecret, groupSecrets.pathSecret);
  return { state, signer: groupInfo.signer };
}

/** `joinGroup` without the profile, once everything is opened and decoded. `pskSecret` is for test vectors. */
export function enterGroup(params: {
  keyPackage: KeyPackage;
  encryptionPrivateKey: Uint8Array;
  groupSecrets: GroupSecrets;
  groupInfo: GroupInfo;
  tree: RatchetTree;
  pskSecret?: Uint8Array;
}): GroupState {
  const { keyPackage, groupSecrets, groupInfo, tree, pskSecret = NO_SECRET } = params;
  const { context } = groupInfo;
  checkSigner(groupInfo, tree);
  if (!equalBytes(treeHash(tree), context.treeHash)) throw malformed("the tree is not the one of this epoch");
  checkTree({ tree, groupId: context.groupId });
  const own = filledLeaves(tree).find(({ leaf }) => equalBytes(leaf.encoded, keyPackage.leaf.encoded));
  if (!own) throw malformed("the tree lacks the leaf of the key package");
  const privateKeys = joinerKeys({ ...params, ownLeafIndex: own.leafIndex });
  const ownLeafIndex = own.leafIndex;
  if (!fitsTree({ tree, ownLeafIndex, privateKeys })) throw malformed("the own keys do not fit the tree");
  const { joinerSecret } = groupSecrets;
  const encodedContext = encodeGroupContext(context);
  const secrets = deriveEpochSecrets({ joinerSecret, encodedContext, pskSecret });
  const { state, confirmationTag } = openEpoch({ context, tree, ownLeafIndex, privateKeys, secrets });
  if (!equalBytes(confirmationTag, groupInfo.confirmationTag))
    throw malformed("the confirmation tag differs");
  return state;
}

function checkSigner(groupInfo: GroupInfo, tree: RatchetTree): void {
  const signer = leafAt(tree, groupInfo.signer);
  if (!signer || !hasValidGroupInfoSignature(groupInfo, signer.signatureKey)) {
    throw new WeftError({ code: "bad-signature", message: "the signature of the GroupInfo does not verify" });
  }
}

/** Gives the leaf's key and those that the path secret gives for the nodes from the common ancestor up. */
function joinerKeys(params: {
  encryptionPrivateKey: Uint8Array;
  groupSecrets: GroupSecrets;
  groupInfo: GroupInfo;
  tree: RatchetTree;
  ownLeafIndex: number;
}): Map<number, Uint8Array> {
  const { groupSecrets, groupInfo, tree, ownLeafIndex } = params;
  const privateKeys = new Map([[leafNodeIndex(ownLeafIndex), params.encryptionPrivateKey]]);
  const { pathSecret } = groupSecrets;
  if (!pathSecret) return privateKeys;
  if (groupInfo.signer === ownLeafIndex) throw malformed("a Welcome from oneself");
  const ancestor = commonAncestor(ownLeafIndex, groupInfo.signer);
  const filled = [ancestor, ...directPath(ancestor, tree.width)].filter((position) => tree.nodes[position]);
  const { keyPairs } = derivePath(pathSecret, filled.length);
  for (const [i, position] of filled.entries()) {
    const pair = keyPairs[i];
    if (pair) privateKeys.set(position, pair.privateKey);
  }
  return privateKeys;
}
