import assert from "node:assert/strict";
import { concatBytes } from "../../src/crypto/concatBytes.ts";
import { isWeftError } from "../../src/errors.ts";
import { readWhole } from "../../src/mls/codec/read.ts";
import { uint16 } from "../../src/mls/codec/write.ts";
import { readCommit } from "../../src/mls/commit/commit.ts";
import { encodeProposal, readProposal } from "../../src/mls/commit/proposal.ts";
import { decodePublicCommit } from "../../src/mls/commit/publicCommit.ts";
import { decodeTree } from "../../src/mls/decodeTree.ts";
import { encodeTree } from "../../src/mls/encodeTree.ts";
import { decodePrivateMessage, encodePrivateMessage } from "../../src/mls/message/privateMessage.ts";
import { readMessageHeader } from "../../src/mls/readMessageHeader.ts";
import { readGroupSecrets } from "../../src/mls/welcome/groupSecrets.ts";
import { readKeyPackage } from "../../src/mls/welcome/keyPackage.ts";
import { hex, testVectors } from "./support/readVectors.ts";
import { decodeWelcomeMessage, encodeWelcomeMessage } from "./support/welcomeMessage.ts";

type MessageVector = Record<string, string>;

/** The file is of suite 1, whose keys have the same lengths: where the suite is named, it is changed. */
const roundTrips: Record<string, { suiteAt?: number; again: (bytes: Uint8Array) => Uint8Array }> = {
  mls_welcome: { suiteAt: 4, again: (bytes) => encodeWelcomeMessage(decodeWelcomeMessage(bytes)) },
  mls_key_package: {
    suiteAt: 6,
    again: (bytes) => concatBytes(bytes.subarray(0, 4), readWhole(bytes.subarray(4), readKeyPackage).encoded),
  },
  ratchet_tree: { again: (bytes) => encodeTree({ tree: decodeTree(bytes) }) },
  add_proposal: { suiteAt: 2, again: (bytes) => proposalAgain(1, bytes) },
  remove_proposal: { again: (bytes) => proposalAgain(3, bytes) },
  group_context_extensions_proposal: { again: (bytes) => proposalAgain(7, bytes) },
  private_message: { again: (bytes) => encodePrivateMessage(decodePrivateMessage(bytes)) },
};

for (const [name, { suiteAt, again }] of Object.entries(roundTrips)) {
  testVectors<MessageVector[]>(
    "messages.json",
    `${name} is the same after decoding and encoding`,
    (cases) => {
      for (const one of cases) {
        const bytes = hex(one[name] ?? "");
        if (suiteAt !== undefined) bytes[suiteAt + 1] = 3;
        assert.deepEqual(again(bytes), bytes);
      }
    },
  );
}

/** Bodies of the file that the profile leaves out, and what reads them. */
const outside: Record<string, (bytes: Uint8Array) => unknown> = {
  group_secrets: (bytes) => readWhole(bytes, readGroupSecrets),
  update_proposal: (bytes) => proposalAgain(2, bytes),
  pre_shared_key_proposal: (bytes) => proposalAgain(4, bytes),
  re_init_proposal: (bytes) => proposalAgain(5, bytes),
  external_init_proposal: (bytes) => proposalAgain(6, bytes),
  commit: (bytes) => readWhole(bytes, readCommit),
  public_message_application: decodePublicCommit,
  public_message_proposal: decodePublicCommit,
  public_message_commit: decodePublicCommit,
};

for (const [name, read] of Object.entries(outside)) {
  testVectors<MessageVector[]>("messages.json", `${name} is outside the profile`, (cases) => {
    for (const one of cases) {
      assert.throws(
        () => read(hex(one[name] ?? "")),
        (error) => isWeftError(error, "outside-profile"),
      );
    }
  });
}

function proposalAgain(type: number, body: Uint8Array): Uint8Array {
  return encodeProposal(readWhole(concatBytes(uint16(type), body), readProposal)).subarray(2);
}

testVectors<MessageVector[]>(
  "messages.json",
  "headers of messages are read without opening them",
  (cases) => {
    for (const one of cases) {
      assert.equal(readMessageHeader(hex(one.public_message_proposal ?? "")).contentType, "proposal");
      assert.equal(readMessageHeader(hex(one.public_message_application ?? "")).contentType, "application");
      assert.equal(readMessageHeader(hex(one.public_message_commit ?? "")).contentType, "commit");
      assert.equal(readMessageHeader(hex(one.private_message ?? "")).wireFormat, "private");
    }
  },
);
