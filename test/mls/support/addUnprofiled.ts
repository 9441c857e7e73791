import { sealAead } from "#crypto";
import { concatBytes } from "../../../src/crypto/concatBytes.ts";
import { encodeExtensions } from "../../../src/mls/codec/extension.ts";
import { readWhole } from "../../../src/mls/codec/read.ts";
import { opaque, uint32 } from "../../../src/mls/codec/write.ts";
import { encodeTree } from "../../../src/mls/encodeTree.ts";
import { encodeGroupContext } from "../../../src/mls/epoch/groupContext.ts";
import { keyPackageRef } from "../../../src/mls/keyPackageRef.ts";
import { encodeHpkeCiphertext, encryptWithLabel } from "../../../src/mls/label/encryptWithLabel.ts";
import { signWithLabel } from "../../../src/mls/label/signWithLabel.ts";
import { filledLeaves } from "../../../src/mls/tree/ratchetTree.ts";
import { commonAncestor } from "../../../src/mls/tree/treeMath.ts";
import { encodeGroupSecrets } from "../../../src/mls/welcome/groupSecrets.ts";
import { type KeyPackage, readKeyPackage } from "../../../src/mls/welcome/keyPackage.ts";
import { welcomeKeys } from "../../../src/mls/welcome/sealWelcome.ts";
import { forgeCommit } from "./forgeCommit.ts";
import type { Seat } from "./testGroup.ts";
import { encodeWelcomeMessage, RATCHET_TREE } from "./welcomeMessage.ts";

type Added = { readonly commit: Uint8Array; readonly seat: Seat; readonly welcome: Uint8Array };

/**
 * Adds somebody whose leaf the profile refuses. The Welcome is one MLSMessage and carries the ratchet tree, or not if
 * it is to be `bare` as those of `stageCommit`.
 */
export function addUnprofiled(params: {
  seat: Seat;
  keyPackage: Uint8Array;
  withPath?: boolean;
  bare?: boolean;
}): Added {
  const { seat, withPath = false, bare = false } = params;
  const keyPackage = readWhole(params.keyPackage, readKeyPackage);
  const forged = forgeCommit({ seat, proposals: [{ kind: "add", keyPackage }], withPath });
  const welcome = sealWelcomeWithTree({ seat, keyPackage, forged, bare });
  return { commit: forged.commit, seat: { ...seat, state: forged.newState }, welcome };
}

function sealWelcomeWithTree(params: {
  seat: Seat;
  keyPackage: KeyPackage;
  forged: ReturnType<typeof forgeCommit>;
  bare: boolean;
}): Uint8Array {
  const { seat, keyPackage, forged, bare } = params;
  const { newState, confirmationTag, joinerSecret } = forged;
  const tree = { type: RATCHET_TREE, content: encodeTree(newState) };
  const content = concatBytes(
    encodeGroupContext(newState.context),
    encodeExtensions(bare ? [] : [tree]),
    opaque(confirmationTag),
    uint32(newState.ownLeafIndex),
  );
  const { privateKey } = seat.signatureKey;
  const signature = signWithLabel({ privateKey, label: "GroupInfoTBS", content });
  const plaintext = concatBytes(content, opaque(signature));
  const encryptedGroupInfo = sealAead({ ...welcomeKeys(joinerSecret), aad: new Uint8Array(0), plaintext });
  const sealed = encryptWithLabel({
    ...{ publicKey: keyPackage.initKey, label: "Welcome", context: encryptedGroupInfo },
    plaintext: encodeGroupSecrets({ joinerSecret, pathSecret: pathSecretFor(params) }),
  });
  const encryptedGroupSecrets = encodeHpkeCiphertext(sealed);
  const groupSecrets = [{ keyPackageRef: keyPackageRef(keyPackage.encoded), encryptedGroupSecrets }];
  return encodeWelcomeMessage({ encryptedGroupInfo, groupSecrets });
}

function pathSecretFor(params: { keyPackage: KeyPackage; forged: ReturnType<typeof forgeCommit> }) {
  const { newState, fresh } = params.forged;
  const joiner = filledLeaves(newState.tree).find(({ leaf }) => leaf === params.keyPackage.leaf);
  if (!fresh || !joiner) return undefined;
  const ancestor = commonAncestor(newState.ownLeafIndex, joiner.leafIndex);
  return fresh.derived.pathSecrets[fresh.steps.findIndex(({ position }) => position === ancestor)];
}
