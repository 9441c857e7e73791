import assert from "node:assert/strict";
import { test } from "node:test";
import { isWeftError } from "../../src/errors.ts";
import { closeEpoch } from "../../src/mls/closeEpoch.ts";
import { decodeEpochKeys, decodeState } from "../../src/mls/decodeState.ts";
import { encodeEpochKeys, encodeState } from "../../src/mls/encodeState.ts";
import { encodeTree } from "../../src/mls/encodeTree.ts";
import { decodeKeyPackageSecrets, encodeKeyPackageSecrets } from "../../src/mls/keyPackageSecrets.ts";
import { openMessage } from "../../src/mls/openMessage.ts";
import { sealMessage } from "../../src/mls/sealMessage.ts";
import { treeHash } from "../../src/mls/tree/treeHash.ts";
import { makeMember } from "./support/makeMember.ts";
import { commit, foundWith, type Seat, seatNamed } from "./support/testGroup.ts";

function withTraffic(): Seat[] {
  let seats = foundWith(Array.from({ length: 20 }, (_, i) => `m${i}`));
  seats = commit(seats, 3, { removes: [7] });
  const speaker = seatNamed(seats, "m5");
  let { state } = speaker;
  for (let i = 0; i < 5; i++) {
    const sealed = sealMessage({
      state,
      signatureKey: speaker.signatureKey,
      plaintext: Uint8Array.of(i),
      authenticatedData: new Uint8Array(0),
    });
    state = sealed.newState;
    if (i === 1) continue;
    seats = seats.map((seat) => {
      if (seat.name === "m5") return seat;
      const opened = openMessage({ state: seat.state, message: sealed.message });
      assert.ok(opened.kind === "opened");
      return { ...seat, state: opened.newState };
    });
  }
  return seats.map((seat) => (seat.name === "m5" ? { ...seat, state } : seat));
}

const plainState = (state: object) => ({ ...state, tree: undefined });

test("a state and the keys of an epoch are the same after encoding and decoding", () => {
  for (const { state } of withTraffic()) {
    const tree = encodeTree(state);
    const decoded = decodeState({ bytes: encodeState(state), tree });
    assert.deepEqual(plainState(decoded), plainState(state));
    assert.deepEqual(encodeTree(decoded), tree);
    const keys = closeEpoch(state);
    const decodedKeys = decodeEpochKeys({ bytes: encodeEpochKeys(keys), tree: decoded.tree });
    assert.deepEqual(plainState(decodedKeys), plainState(keys));
  }
});

test("what is written per message holds no tree and no tree hash but the root's", () => {
  const seats = foundWith(Array.from({ length: 200 }, (_, i) => `m${i}`));
  const speaker = seatNamed(seats, "m100");
  const { newState } = sealMessage({
    state: speaker.state,
    signatureKey: speaker.signatureKey,
    plaintext: new Uint8Array(500),
    authenticatedData: new Uint8Array(0),
  });
  const written = encodeState(newState);
  assert.ok(written.length < 1200, `${written.length} bytes`);
  assert.ok(encodeTree(newState).length > 30_000);
  treeHash(newState.tree);
  assert.deepEqual(encodeState(newState), written);
});

test("tree hashes are kept with the tree: an unchanged subtree is not hashed again", () => {
  const seats = foundWith(Array.from({ length: 16 }, (_, i) => `m${i}`));
  const before = seatNamed(seats, "m1").state.tree;
  const after = seatNamed(commit(seats, 0, {}), "m1").state.tree;
  const farLeaf = 30;
  assert.ok(before.hashes[farLeaf]);
  assert.equal(after.hashes[farLeaf], before.hashes[farLeaf]);
  assert.notEqual(after.hashes[0], before.hashes[0]);
});

test("no step changes the state that it starts from", () => {
  const seats = foundWith(["a", "b", "c", "d", "e"]);
  const states = seats.map(({ state }) => state);
  const before = states.map((state) => [encodeState(state), encodeTree(state)]);
  const newcomer = makeMember("newcomer");
  for (const change of [{}, { removes: [3] }, { adds: [newcomer] }, { adds: [newcomer], forcePath: true }]) {
    commit(seats, 1, change);
    const spoken = commit(seats, 2, { groupContextExtension: Uint8Array.of(1) });
    assert.equal(spoken.length, 5);
  }
  const [speaker, listener] = seats;
  assert.ok(speaker && listener);
  const { state, signatureKey } = speaker;
  const plaintext = new Uint8Array(3);
  const { message } = sealMessage({ state, signatureKey, plaintext, authenticatedData: plaintext });
  assert.equal(openMessage({ state: listener.state, message }).kind, "opened");
  assert.equal(openMessage({ state: listener.state, message: message.subarray(1) }).kind, "refused");
  assert.deepEqual(
    states.map((old) => [encodeState(old), encodeTree(old)]),
    before,
  );
});

test("a state is refused with another tree, as epoch keys, or with bytes missing or left over", () => {
  const seats = foundWith(["a", "b", "c"]);
  const { state } = seatNamed(seats, "a");
  const bytes = encodeState(state);
  const tree = encodeTree(state);
  const otherTree = encodeTree(seatNamed(commit(seats, 0, {}), "a").state);
  const malformed = (error: unknown) => isWeftError(error, "malformed");
  assert.throws(() => decodeState({ bytes, tree: otherTree }), malformed);
  assert.throws(() => decodeEpochKeys({ bytes, tree }), malformed);
  assert.throws(() => decodeState({ bytes: bytes.subarray(1), tree }), malformed);
  assert.throws(() => decodeState({ bytes: bytes.subarray(0, -1), tree }), malformed);
  assert.throws(() => decodeState({ bytes: new Uint8Array([...bytes, 0]), tree }), malformed);
});

test("the secrets of a key package are the same after encoding and decoding", () => {
  const { secrets } = makeMember("a");
  assert.deepEqual(decodeKeyPackageSecrets(encodeKeyPackageSecrets(secrets)), secrets);
  assert.throws(
    () => decodeKeyPackageSecrets(new Uint8Array(65)),
    (error) => isWeftError(error, "malformed"),
  );
});
