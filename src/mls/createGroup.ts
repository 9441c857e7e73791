import { randomBytes } from "#crypto";
import { malformed } from "./codec/malformed.ts";
import { readWhole } from "./codec/read.ts";
import { epochSecretsFrom } from "./epoch/keySchedule.ts";
import { openEpoch } from "./epoch/openEpoch.ts";
import type { GroupState } from "./groupState.ts";
import type { KeyPackageSecrets } from "./keyPackageSecrets.ts";
import { HASH_LENGTH, MAX_GROUP_CONTEXT_BYTES, MAX_GROUP_ID_BYTES, WEFT_GROUP_CONTEXT } from "./limits.ts";
import type { RatchetTree } from "./tree/ratchetTree.ts";
import { treeHash } from "./tree/treeHash.ts";
import { checkKeyPackage } from "./welcome/checkKeyPackage.ts";
import { readKeyPackage } from "./welcome/keyPackage.ts";

/**
 * Creates a group of one in epoch 0 (RFC 9420, section 11). The creator's leaf is that of a key package of its own,
 * made for this purpose and not handed out. Throws `malformed`, `outside-profile` or `bad-signature`.
 */
export function createGroup(params: {
  groupId: Uint8Array;
  keyPackage: Uint8Array;
  keyPackageSecrets: KeyPackageSecrets;
  groupContextExtension: Uint8Array;
}): GroupState {
  const { groupId, groupContextExtension, keyPackageSecrets } = params;
  if (groupId.length > MAX_GROUP_ID_BYTES || groupContextExtension.length > MAX_GROUP_CONTEXT_BYTES) {
    throw malformed("group id or group context too long");
  }
  const keyPackage = readWhole(params.keyPackage, readKeyPackage);
  checkKeyPackage(keyPackage);
  const tree: RatchetTree = { width: 1, nodes: [keyPackage.leaf], hashes: [] };
  const { state } = openEpoch({
    context: {
      groupId,
      epoch: 0,
      treeHash: treeHash(tree),
      confirmedTranscriptHash: new Uint8Array(0),
      extensions: [{ type: WEFT_GROUP_CONTEXT, content: groupContextExtension }],
    },
    tree,
    ownLeafIndex: 0,
    privateKeys: new Map([[0, keyPackageSecrets.encryptionPrivateKey]]),
    secrets: epochSecretsFrom(randomBytes(HASH_LENGTH)),
  });
  return state;
}
