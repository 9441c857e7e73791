import assert from "node:assert/strict";
import { readLength, readWhole } from "../../src/mls/codec/read.ts";
import { opaque, uint32 } from "../../src/mls/codec/write.ts";
import { encodeGroupContext, readGroupContext } from "../../src/mls/epoch/groupContext.ts";
import {
  confirmationTagOf,
  deriveEpochSecrets,
  deriveJoinerSecret,
  deriveWelcomeSecret,
  nextConfirmedTranscriptHash,
  nextInterimTranscriptHash,
} from "../../src/mls/epoch/keySchedule.ts";
import {
  advance,
  createSecretTree,
  handshakeRatchetOf,
  takeLeafSecret,
  takeMessageKey,
} from "../../src/mls/epoch/secretTree.ts";
import { exportSecret } from "../../src/mls/exportSecret.ts";
import { keyPackageRef, refHash } from "../../src/mls/keyPackageRef.ts";
import { decryptWithLabel, encryptWithLabel } from "../../src/mls/label/encryptWithLabel.ts";
import { deriveSecret, expandWithLabel } from "../../src/mls/label/expandWithLabel.ts";
import { signWithLabel, verifyWithLabel } from "../../src/mls/label/signWithLabel.ts";
import { senderDataKeys } from "../../src/mls/message/privateMessage.ts";
import { openMessage } from "../../src/mls/openMessage.ts";
import { signLeafNode } from "../../src/mls/tree/leafNode.ts";
import {
  leftChild,
  levelOf,
  parentOf,
  rightChild,
  rootIndex,
  siblingOf,
} from "../../src/mls/tree/treeMath.ts";
import { hasValidGroupInfoSignature } from "../../src/mls/welcome/groupInfo.ts";
import { readKeyPackage } from "../../src/mls/welcome/keyPackage.ts";
import { openWelcome } from "../../src/mls/welcome/openWelcome.ts";
import { hex, testVectors } from "./support/readVectors.ts";
import { decodeWelcomeMessage } from "./support/welcomeMessage.ts";

type Digits<Names extends string> = Record<Names, string>;

const text = (label: string) => new TextEncoder().encode(label);

testVectors<{ n_leaves: number; root: number; [name: string]: unknown }[]>(
  "tree-math.json",
  "positions of children, parents and siblings",
  (cases) => {
    for (const one of cases) {
      const root = rootIndex(one.n_leaves);
      assert.equal(root, one.root);
      const { left, right, parent, sibling } = one as unknown as Record<string, (number | null)[]>;
      for (let x = 0; x < 2 * one.n_leaves - 1; x++) {
        assert.equal(levelOf(x) === 0 ? null : leftChild(x), left?.[x]);
        assert.equal(levelOf(x) === 0 ? null : rightChild(x), right?.[x]);
        assert.equal(x === root ? null : parentOf(x), parent?.[x]);
        assert.equal(x === root ? null : siblingOf(x), sibling?.[x]);
      }
    }
  },
);

testVectors<{ vlbytes_header: string; length: number }[]>(
  "deserialization.json",
  "variable-size lengths",
  (cases) => {
    for (const { vlbytes_header, length } of cases) {
      assert.equal(readWhole(hex(vlbytes_header), readLength), length);
      if (length > 100_000) continue;
      assert.deepEqual(
        opaque(new Uint8Array(length)).subarray(0, vlbytes_header.length / 2),
        hex(vlbytes_header),
      );
    }
  },
);

testVectors<
  {
    ref_hash: Digits<"label" | "out" | "value">;
    expand_with_label: Digits<"secret" | "label" | "context" | "out"> & { length: number };
    derive_secret: Digits<"secret" | "label" | "out">;
    derive_tree_secret: Digits<"secret" | "label" | "out"> & { generation: number; length: number };
    sign_with_label: Digits<"priv" | "pub" | "content" | "label" | "signature">;
    encrypt_with_label: Digits<
      "priv" | "pub" | "label" | "context" | "plaintext" | "kem_output" | "ciphertext"
    >;
  }[]
>("crypto-basics.json", "labelled derivations, signatures and encryption", (cases) => {
  for (const one of cases) {
    const { ref_hash, expand_with_label, derive_secret, derive_tree_secret } = one;
    assert.deepEqual(refHash({ label: ref_hash.label, value: hex(ref_hash.value) }), hex(ref_hash.out));
    const { secret, label, context, length, out } = expand_with_label;
    const expanded = expandWithLabel({ secret: hex(secret), label, context: hex(context), length });
    assert.deepEqual(expanded, hex(out));
    assert.deepEqual(deriveSecret(hex(derive_secret.secret), derive_secret.label), hex(derive_secret.out));
    const derived = expandWithLabel({
      secret: hex(derive_tree_secret.secret),
      label: derive_tree_secret.label,
      context: uint32(derive_tree_secret.generation),
      length: derive_tree_secret.length,
    });
    assert.deepEqual(derived, hex(derive_tree_secret.out));
    checkSignature(one.sign_with_label);
    checkEncryption(one.encrypt_with_label);
  }
});

function checkSignature(one: Digits<"priv" | "pub" | "content" | "label" | "signature">) {
  const { label } = one;
  const content = hex(one.content);
  const signature = hex(one.signature);
  assert.ok(verifyWithLabel({ publicKey: hex(one.pub), label, content, signature }));
  assert.deepEqual(signWithLabel({ privateKey: hex(one.priv), label, content }), signature);
}

function checkEncryption(
  one: Digits<"priv" | "pub" | "label" | "context" | "plaintext" | "kem_output" | "ciphertext">,
) {
  const { label } = one;
  const privateKey = hex(one.priv);
  const context = hex(one.context);
  const plaintext = hex(one.plaintext);
  const sealed = { encapsulation: hex(one.kem_output), ciphertext: hex(one.ciphertext) };
  assert.deepEqual(decryptWithLabel({ privateKey, label, context, sealed }), plaintext);
  const again = encryptWithLabel({ publicKey: hex(one.pub), label, context, plaintext });
  assert.deepEqual(decryptWithLabel({ privateKey, label, context, sealed: again }), plaintext);
}

type EpochVector = Digits<
  | "commit_secret"
  | "psk_secret"
  | "tree_hash"
  | "confirmed_transcript_hash"
  | "group_context"
  | "joiner_secret"
  | "welcome_secret"
  | "init_secret"
  | "sender_data_secret"
  | "encryption_secret"
  | "exporter_secret"
  | "epoch_authenticator"
  | "confirmation_key"
  | "membership_key"
> & { exporter: Digits<"label" | "context" | "secret"> & { length: number } };

testVectors<{ group_id: string; initial_init_secret: string; epochs: EpochVector[] }[]>(
  "key-schedule.json",
  "epoch secrets and exporter",
  (cases) => {
    for (const one of cases) {
      let initSecret = hex(one.initial_init_secret);
      for (const [epoch, expected] of one.epochs.entries()) {
        const encodedContext = encodeGroupContext({
          groupId: hex(one.group_id),
          epoch,
          treeHash: hex(expected.tree_hash),
          confirmedTranscriptHash: hex(expected.confirmed_transcript_hash),
          extensions: [],
        });
        assert.deepEqual(encodedContext, hex(expected.group_context));
        initSecret = checkEpoch(expected, initSecret, encodedContext);
      }
    }
  },
);

function checkEpoch(expected: EpochVector, initSecret: Uint8Array, encodedContext: Uint8Array): Uint8Array {
  const commitSecret = hex(expected.commit_secret);
  const pskSecret = hex(expected.psk_secret);
  const joinerSecret = deriveJoinerSecret({ initSecret, commitSecret, encodedContext });
  assert.deepEqual(joinerSecret, hex(expected.joiner_secret));
  assert.deepEqual(deriveWelcomeSecret(joinerSecret, pskSecret), hex(expected.welcome_secret));
  const secrets = deriveEpochSecrets({ joinerSecret, encodedContext, pskSecret });
  assert.deepEqual(secrets.senderDataSecret, hex(expected.sender_data_secret));
  assert.deepEqual(secrets.encryptionSecret, hex(expected.encryption_secret));
  assert.deepEqual(secrets.exporterSecret, hex(expected.exporter_secret));
  assert.deepEqual(secrets.epochAuthenticator, hex(expected.epoch_authenticator));
  assert.deepEqual(secrets.confirmationKey, hex(expected.confirmation_key));
  assert.deepEqual(secrets.membershipKey, hex(expected.membership_key));
  assert.deepEqual(secrets.initSecret, hex(expected.init_secret));
  const { label, context, length, secret } = expected.exporter;
  assert.deepEqual(exportSecret({ state: secrets, label, context: hex(context), length }), hex(secret));
  return secrets.initSecret;
}

testVectors<
  Digits<
    | "confirmation_key"
    | "authenticated_content"
    | "interim_transcript_hash_before"
    | "confirmed_transcript_hash_after"
    | "interim_transcript_hash_after"
  >[]
>("transcript-hashes.json", "confirmed and interim hashes, confirmation tag", (cases) => {
  for (const one of cases) {
    const authenticated = hex(one.authenticated_content);
    const tagLength = 33;
    const confirmedInput = authenticated.subarray(0, -tagLength);
    const confirmationTag = authenticated.subarray(1 - tagLength);
    const interimTranscriptHash = hex(one.interim_transcript_hash_before);
    const confirmedTranscriptHash = nextConfirmedTranscriptHash({ interimTranscriptHash, confirmedInput });
    assert.deepEqual(confirmedTranscriptHash, hex(one.confirmed_transcript_hash_after));
    const confirmationKey = hex(one.confirmation_key);
    assert.deepEqual(confirmationTagOf({ confirmationKey, confirmedTranscriptHash }), confirmationTag);
    assert.deepEqual(
      nextInterimTranscriptHash({ confirmedTranscriptHash, confirmationTag }),
      hex(one.interim_transcript_hash_after),
    );
  }
});

type SecretTreeVector = {
  encryption_secret: string;
  sender_data: Digits<"sender_data_secret" | "ciphertext" | "key" | "nonce">;
  leaves: (Digits<"application_key" | "application_nonce" | "handshake_key" | "handshake_nonce"> & {
    generation: number;
  })[][];
};

testVectors<SecretTreeVector[]>("secret-tree.json", "sender data and ratchets of every leaf", (cases) => {
  for (const one of cases) {
    const { sender_data_secret, ciphertext, key, nonce } = one.sender_data;
    assert.deepEqual(
      senderDataKeys({ senderDataSecret: hex(sender_data_secret), ciphertext: hex(ciphertext) }),
      { key: hex(key), nonce: hex(nonce) },
    );
    const encryptionSecret = hex(one.encryption_secret);
    const width = one.leaves.length;
    let tree = createSecretTree({ encryptionSecret, width });
    for (const [leafIndex, generations] of one.leaves.entries()) {
      const leafSecret = takeLeafSecret(new Map([[rootIndex(width), encryptionSecret]]), leafIndex);
      assert.ok(leafSecret);
      for (const expected of generations) {
        const { generation } = expected;
        const taken = takeMessageKey({ tree, leafIndex, generation });
        assert.ok(taken.kind === "taken");
        tree = taken.tree;
        assert.deepEqual(taken.messageKey.key, hex(expected.application_key));
        assert.deepEqual(taken.messageKey.nonce, hex(expected.application_nonce));
        assert.deepEqual(advance(handshakeRatchetOf(leafSecret), generation).messageKey, {
          generation,
          key: hex(expected.handshake_key),
          nonce: hex(expected.handshake_nonce),
        });
      }
    }
  }
});

testVectors<
  (Digits<
    | "group_id"
    | "tree_hash"
    | "confirmed_transcript_hash"
    | "signature_priv"
    | "signature_pub"
    | "encryption_secret"
    | "sender_data_secret"
    | "application"
    | "application_priv"
    | "proposal_priv"
    | "commit_priv"
  > & { epoch: number })[]
>(
  "message-protection.json",
  "opens the application message; sealed handshake messages are refused (cases of stand-alone proposals: none apply)",
  (cases) => {
    for (const one of cases) {
      const sender = signLeafNode({
        leaf: {
          encryptionKey: new Uint8Array(32).fill(9),
          signatureKey: hex(one.signature_pub),
          identity: text("sender"),
          capabilities: { versions: [], cipherSuites: [], extensions: [], proposals: [], credentials: [] },
          source: { kind: "update" },
          extensions: [],
        },
        privateKey: hex(one.signature_priv),
      });
      const state = {
        context: {
          groupId: hex(one.group_id),
          epoch: one.epoch,
          treeHash: hex(one.tree_hash),
          confirmedTranscriptHash: hex(one.confirmed_transcript_hash),
          extensions: [],
        },
        tree: { width: 2, nodes: [undefined, undefined, sender], hashes: [] },
        ownLeafIndex: 0,
        senderDataSecret: hex(one.sender_data_secret),
        secretTree: createSecretTree({ encryptionSecret: hex(one.encryption_secret), width: 2 }),
      };
      const opened = openMessage({ state, message: hex(one.application_priv) });
      assert.ok(opened.kind === "opened");
      assert.equal(opened.senderLeaf, 1);
      assert.deepEqual(opened.plaintext, hex(one.application));
      for (const message of [one.proposal_priv, one.commit_priv].map(hex)) {
        assert.deepEqual(openMessage({ state, message }), { kind: "refused", reason: "outside-profile" });
      }
    }
  },
);

testVectors<Digits<"init_priv" | "key_package" | "signer_pub" | "welcome">[]>(
  "welcome.json",
  "opens both parts of a Welcome; signature and confirmation tag hold",
  (cases) => {
    for (const one of cases) {
      const keyPackage = hex(one.key_package).subarray(4);
      assert.equal(readWhole(keyPackage, readKeyPackage).encoded.length, keyPackage.length);
      const { groupSecrets: parts, encryptedGroupInfo } = decodeWelcomeMessage(hex(one.welcome));
      const ref = Buffer.from(keyPackageRef(keyPackage));
      const part = parts.find((candidate) => ref.equals(candidate.keyPackageRef));
      assert.ok(part);
      const { encryptedGroupSecrets } = part;
      const initPrivateKey = hex(one.init_priv);
      const opened = openWelcome({ initPrivateKey, encryptedGroupSecrets, encryptedGroupInfo });
      const { groupInfo, groupSecrets } = opened;
      assert.ok(hasValidGroupInfoSignature(groupInfo, hex(one.signer_pub)));
      const encodedContext = encodeGroupContext(groupInfo.context);
      assert.deepEqual(readWhole(encodedContext, readGroupContext), groupInfo.context);
      const { joinerSecret } = groupSecrets;
      const { confirmationKey } = deriveEpochSecrets({ joinerSecret, encodedContext });
      const { confirmedTranscriptHash } = groupInfo.context;
      const expected = confirmationTagOf({ confirmationKey, confirmedTranscriptHash });
      assert.deepEqual(groupInfo.confirmationTag, expected);
    }
  },
);
