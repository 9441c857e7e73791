import assert from "node:assert/strict";
import { hkdfExtract, openAead } from "#crypto";
import { concatBytes } from "../../src/crypto/concatBytes.ts";
import {
  type Reader,
  readLength,
  readOpaque,
  readOptional,
  readUint8,
  readWhole,
} from "../../src/mls/codec/read.ts";
import { uint16 } from "../../src/mls/codec/write.ts";
import { decodePublicCommit } from "../../src/mls/commit/publicCommit.ts";
import { decodeTree } from "../../src/mls/decodeTree.ts";
import { deriveWelcomeSecret, NO_SECRET } from "../../src/mls/epoch/keySchedule.ts";
import type { GroupState } from "../../src/mls/groupState.ts";
import { enterGroup } from "../../src/mls/joinGroup.ts";
import { keyPackageRef } from "../../src/mls/keyPackageRef.ts";
import { decryptWithLabel, readHpkeCiphertext } from "../../src/mls/label/encryptWithLabel.ts";
import { expandWithLabel } from "../../src/mls/label/expandWithLabel.ts";
import { KEY_LENGTH, NONCE_LENGTH } from "../../src/mls/limits.ts";
import { type GroupInfo, readGroupInfo } from "../../src/mls/welcome/groupInfo.ts";
import { readKeyPackage } from "../../src/mls/welcome/keyPackage.ts";
import { followUnprofiled } from "./support/followUnprofiled.ts";
import { hex, testVectors } from "./support/readVectors.ts";
import { decodeWelcomeMessage, RATCHET_TREE } from "./support/welcomeMessage.ts";

/**
 * The groups of these vectors have no Weft group context, so they go through the parts below `joinGroup` and
 * `verifyCommit`. Their Welcomes use external pre-shared keys, which the profile lacks: the test derives those itself.
 */

type PassiveVector = {
  external_psks: { psk_id: string; psk: string }[];
  key_package: string;
  encryption_priv: string;
  init_priv: string;
  welcome: string;
  initial_epoch_authenticator: string;
  epochs: { proposals: string[]; commit: string; epoch_authenticator: string }[];
};

const EMPTY = new Uint8Array(0);

testVectors<PassiveVector[]>(
  "passive-client-welcome.json",
  "joins with and without pre-shared keys",
  (cases) => {
    assert.equal(cases.length, 4);
    for (const one of cases) join(one);
  },
);

testVectors<PassiveVector[]>(
  "passive-client-handling-commit.json",
  "follows Adds, Removes, context changes and rotations (commits with pre-shared keys, Updates and references are refused)",
  (cases) => {
    const followed: string[] = [];
    for (const one of cases) {
      let state = join(one);
      for (const epoch of one.epochs) {
        const next = follow(state, hex(epoch.commit));
        if (!next) break;
        state = next.state;
        followed.push(next.kinds.join());
        assert.deepEqual(state.epochAuthenticator, hex(epoch.epoch_authenticator));
      }
    }
    assert.deepEqual(followed.sort(), [
      "",
      "",
      "",
      "",
      "",
      "",
      "",
      "add",
      "group-context-extensions",
      "remove",
    ]);
  },
);

function join(one: PassiveVector): GroupState {
  const keyPackage = readWhole(hex(one.key_package).subarray(4), readKeyPackage);
  const { groupSecrets: parts, encryptedGroupInfo } = decodeWelcomeMessage(hex(one.welcome));
  const ref = Buffer.from(keyPackageRef(keyPackage.encoded));
  const part = parts.find((candidate) => ref.equals(candidate.keyPackageRef));
  assert.ok(part);
  const secrets = decryptWithLabel({
    privateKey: hex(one.init_priv),
    label: "Welcome",
    context: encryptedGroupInfo,
    sealed: readWhole(part.encryptedGroupSecrets, readHpkeCiphertext),
  });
  assert.ok(secrets);
  const { joinerSecret, pathSecret, pskIds } = readWhole(secrets, readGroupSecretsWithPsks);
  const pskSecret = derivePskSecret(pskIds, one.external_psks);
  const groupInfo = openGroupInfo(encryptedGroupInfo, deriveWelcomeSecret(joinerSecret, pskSecret));
  const tree = groupInfo.extensions.find(({ type }) => type === RATCHET_TREE);
  assert.ok(tree);
  const state = enterGroup({
    ...{ keyPackage, groupInfo, pskSecret, encryptionPrivateKey: hex(one.encryption_priv) },
    groupSecrets: { joinerSecret, pathSecret },
    tree: decodeTree(tree.content),
  });
  assert.deepEqual(state.epochAuthenticator, hex(one.initial_epoch_authenticator));
  return state;
}

/** One commit; `undefined` if it cannot be decoded in the profile. */
function follow(state: GroupState, bytes: Uint8Array) {
  let message: ReturnType<typeof decodePublicCommit>;
  try {
    message = decodePublicCommit(bytes);
  } catch {
    return undefined;
  }
  const applied = followUnprofiled({ state, message });
  assert.ok(applied.kind === "adopted");
  return { state: applied.newState, kinds: message.commit.proposals.map(({ kind }) => kind) };
}

function openGroupInfo(ciphertext: Uint8Array, secret: Uint8Array): GroupInfo {
  const key = expandWithLabel({ secret, label: "key", context: EMPTY, length: KEY_LENGTH });
  const nonce = expandWithLabel({ secret, label: "nonce", context: EMPTY, length: NONCE_LENGTH });
  const plaintext = openAead({ key, nonce, aad: EMPTY, ciphertext });
  assert.ok(plaintext);
  return readWhole(plaintext, readGroupInfo);
}

type PskId = { readonly id: Uint8Array; readonly encoded: Uint8Array };

function readGroupSecretsWithPsks(reader: Reader) {
  const joinerSecret = readOpaque(reader);
  const pathSecret = readOptional(reader, readOpaque);
  const end = readLength(reader) + reader.at;
  const pskIds: PskId[] = [];
  while (reader.at < end) {
    const start = reader.at;
    assert.equal(readUint8(reader), 1, "an external pre-shared key");
    const id = readOpaque(reader);
    readOpaque(reader);
    pskIds.push({ id, encoded: reader.bytes.slice(start, reader.at) });
  }
  return { joinerSecret, pathSecret, pskIds };
}

/** RFC 9420, section 8.4. */
function derivePskSecret(pskIds: readonly PskId[], known: PassiveVector["external_psks"]): Uint8Array {
  let secret = NO_SECRET;
  for (const [i, { id, encoded }] of pskIds.entries()) {
    const psk = known.find(({ psk_id }) => Buffer.from(id).equals(hex(psk_id)));
    assert.ok(psk);
    const extracted = hkdfExtract({ salt: NO_SECRET, ikm: hex(psk.psk) });
    const context = concatBytes(encoded, uint16(i), uint16(pskIds.length));
    const input = expandWithLabel({ secret: extracted, label: "derived psk", context, length: KEY_LENGTH });
    secret = hkdfExtract({ salt: input, ikm: secret });
  }
  return secret;
}
