import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isWeftError } from "../../src/errors.ts";
import { applyCommit } from "../../src/mls/applyCommit.ts";
import { encodeCommit } from "../../src/mls/commit/commit.ts";
import { decodePublicCommit } from "../../src/mls/commit/publicCommit.ts";
import { decodeKeyPackage } from "../../src/mls/decodeKeyPackage.ts";
import { decodeEpochKeys, decodeState } from "../../src/mls/decodeState.ts";
import { decodeTree } from "../../src/mls/decodeTree.ts";
import { encodeEpochKeys, encodeState } from "../../src/mls/encodeState.ts";
import { encodeTree } from "../../src/mls/encodeTree.ts";
import { joinGroup } from "../../src/mls/joinGroup.ts";
import { decodeKeyPackageSecrets } from "../../src/mls/keyPackageSecrets.ts";
import { openMessage } from "../../src/mls/openMessage.ts";
import { readMessageHeader } from "../../src/mls/readMessageHeader.ts";
import { sealMessage } from "../../src/mls/sealMessage.ts";
import { stageCommit } from "../../src/mls/stageCommit.ts";
import { verifyCommit } from "../../src/mls/verifyCommit.ts";
import { forgeCommit } from "./support/forgeCommit.ts";
import { makeMember } from "./support/makeMember.ts";
import { commit, foundWith, seatNamed, stage } from "./support/testGroup.ts";

/**
 * Every decoder against bytes that are random, true ones with changes, cut, or with something behind them: either a
 * WeftError or a named refusal, never another exception.
 */

const RUNS = 400;

let seats = foundWith(["a", "b", "c", "d", "e"]);
for (const i of seats.keys()) seats = commit(seats, i, {});
const alice = seatNamed(seats, "a");
const bob = seatNamed(seats, "b");
const joiner = makeMember("joiner");
const staged = stage(alice, { adds: [joiner], forcePath: true });
const removal = stage(alice, { removes: [2], groupContextExtension: Uint8Array.of(1) });
const { message } = sealMessage({
  state: alice.state,
  signatureKey: alice.signatureKey,
  plaintext: new Uint8Array(40),
  authenticatedData: new Uint8Array(3),
});
const groupSecrets = staged.welcome?.groupSecrets[0]?.encryptedGroupSecrets ?? new Uint8Array(0);
const encryptedGroupInfo = staged.welcome?.encryptedGroupInfo ?? new Uint8Array(0);
const ratchetTree = encodeTree(staged.newState);
const { keyPackage, secrets: keyPackageSecrets } = joiner;

type Mutation = { at: number; byte: number; kind: "set" | "insert" | "delete" | "cut" | "append" };

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat({ max: 1 << 20 }),
  byte: fc.nat({ max: 255 }),
  kind: fc.constantFrom("set", "set", "set", "insert", "delete", "cut", "append"),
});

function mutate(bytes: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  let out = [...bytes];
  for (const { at, byte, kind } of mutations) {
    const position = at % Math.max(1, out.length);
    if (kind === "set") out[position] = byte;
    else if (kind === "insert") out.splice(position, 0, byte);
    else if (kind === "delete") out.splice(position, 1);
    else if (kind === "cut") out = out.slice(0, position);
    else out.push(byte);
  }
  return Uint8Array.from(out);
}

/** `read` gives "refused", throws a WeftError, or accepts; what it accepts differs from the true bytes only if it may. */
function fuzz(name: string, bytes: Uint8Array, read: (bytes: Uint8Array) => unknown): void {
  test(`bad bytes: ${name}`, () => {
    const total = (candidate: Uint8Array) => {
      try {
        read(candidate);
      } catch (error) {
        assert.ok(isWeftError(error), `${error}`);
      }
    };
    const changed = fc.array(mutation, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(changed, (mutations) => total(mutate(bytes, mutations))),
      { numRuns: RUNS },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300, size: "max" }), total), { numRuns: RUNS / 4 });
    read(bytes);
  });
}

/** As `fuzz`, and nothing but the true bytes may be accepted. */
function fuzzStrict(name: string, bytes: Uint8Array, accepts: (bytes: Uint8Array) => boolean): void {
  fuzz(name, bytes, (candidate) => {
    const isTrue = Buffer.from(candidate).equals(bytes);
    assert.equal(
      isWeftErrorOr(() => accepts(candidate)),
      isTrue,
    );
  });
}

function isWeftErrorOr(check: () => boolean): boolean {
  try {
    return check();
  } catch (error) {
    assert.ok(isWeftError(error), `${error}`);
    return false;
  }
}

const verifies = (candidate: Uint8Array) => {
  const verdict = verifyCommit({ state: bob.state, commit: candidate });
  return (
    verdict.kind === "verified" &&
    applyCommit({ state: bob.state, verified: verdict.verified }).kind === "adopted"
  );
};

fuzzStrict("a commit that adds", staged.commit, verifies);
fuzzStrict("a commit that removes", removal.commit, verifies);
fuzzStrict(
  "a message",
  message,
  (candidate) => openMessage({ state: bob.state, message: candidate }).kind === "opened",
);
fuzzStrict("a key package", keyPackage, (candidate) => decodeKeyPackage(candidate).initKey.length === 32);
const parts = {
  keyPackage,
  keyPackageSecrets,
  encryptedGroupSecrets: groupSecrets,
  encryptedGroupInfo,
  ratchetTree,
};
const joins = (changed: Partial<typeof parts>) => joinGroup({ ...parts, ...changed }).signer === 0;
fuzzStrict("group secrets", groupSecrets, (bytes) => joins({ encryptedGroupSecrets: bytes }));
fuzzStrict("a GroupInfo", encryptedGroupInfo, (bytes) => joins({ encryptedGroupInfo: bytes }));
fuzzStrict("a ratchet tree", ratchetTree, (bytes) => joins({ ratchetTree: bytes }));
fuzz("the form of a commit", removal.commit, decodePublicCommit);
fuzz("the form of a ratchet tree", ratchetTree, decodeTree);
fuzz("the head of a private message", message, readMessageHeader);
fuzz("the head of a commit", removal.commit, readMessageHeader);
fuzz("secrets of a key package", new Uint8Array(64), decodeKeyPackageSecrets);
const tree = encodeTree(bob.state);
fuzz("a stored state", encodeState(bob.state), (bytes) => decodeState({ bytes, tree }));
fuzz("a stored tree", tree, (stored) => decodeState({ bytes: encodeState(bob.state), tree: stored }));
fuzz("stored epoch keys", encodeEpochKeys(bob.state), (bytes) => decodeEpochKeys({ bytes, tree }));
fuzz("a key package to add", keyPackage, (candidate) =>
  stageCommit({ state: alice.state, signatureKey: alice.signatureKey, adds: [candidate] }),
);

/** Bodies that a hostile member changes before it signs and tags them: they get past the outer checks. */
for (const [name, honest] of [
  ["adds", staged.commit],
  ["removes", removal.commit],
] as const) {
  const body = encodeCommit(decodePublicCommit(honest).commit);
  fuzz(`the signed body of a hostile commit that ${name}`, body, (candidate) => {
    const forged = forgeCommit({ seat: alice, body: candidate });
    const verdict = verifyCommit({ state: bob.state, commit: forged.commit });
    if (verdict.kind === "verified") applyCommit({ state: bob.state, verified: verdict.verified });
  });
}

test("lengths that promise more than there is, or more than is allowed, are refused before anything is allocated", () => {
  const huge = Uint8Array.of(0xbf, 0xff, 0xff, 0xff);
  for (const read of [decodeTree, decodeKeyPackage, decodePublicCommit, readMessageHeader]) {
    assert.throws(() => read(huge), isWeftError);
    assert.throws(() => read(new Uint8Array(3 * 1024 * 1024)), isWeftError);
  }
  const oversized = new Uint8Array(2 * 1024 * 1024);
  oversized.set(message);
  assert.equal(openMessage({ state: bob.state, message: oversized }).kind, "refused");
  assert.equal(verifyCommit({ state: bob.state, commit: oversized }).kind, "refused");
});
