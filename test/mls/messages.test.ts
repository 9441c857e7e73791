import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isWeftError } from "../../src/errors.ts";
import { closeEpoch } from "../../src/mls/closeEpoch.ts";
import { takeMessageKey } from "../../src/mls/epoch/secretTree.ts";
import type { EpochKeys, GroupState } from "../../src/mls/groupState.ts";
import { MAX_GENERATIONS_BACK, MAX_GENERATIONS_FORWARD } from "../../src/mls/limits.ts";
import { openMessage } from "../../src/mls/openMessage.ts";
import { readMessageHeader } from "../../src/mls/readMessageHeader.ts";
import { sealMessage } from "../../src/mls/sealMessage.ts";
import { makeMember } from "./support/makeMember.ts";
import { commit, foundWith, groupId, positionOf, type Seat, seatNamed } from "./support/testGroup.ts";

const NOTHING = new Uint8Array(0);

function pair(): { alice: Seat; bob: Seat } {
  const seats = foundWith(["alice", "bob"]);
  return { alice: seatNamed(seats, "alice"), bob: seatNamed(seats, "bob") };
}

/** `count` messages of one sender; message i has plaintext i, as two bytes. */
function sealMany(seat: Seat, count: number): { messages: Uint8Array[]; newState: GroupState } {
  let { state } = seat;
  const messages: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const plaintext = Uint8Array.of(i >> 8, i);
    const { signatureKey } = seat;
    const sealed = sealMessage({ state, signatureKey, plaintext, authenticatedData: NOTHING });
    state = sealed.newState;
    messages.push(sealed.message);
  }
  return { messages, newState: state };
}

/** Moves a sender's ratchet without sealing anything. */
function skipTo(state: GroupState, generation: number): GroupState {
  const taken = takeMessageKey({
    tree: state.secretTree,
    leafIndex: state.ownLeafIndex,
    generation: generation - 1,
  });
  assert.ok(taken.kind === "taken");
  return { ...state, secretTree: taken.tree };
}

function mustOpen<State extends EpochKeys>(state: State, message: Uint8Array | undefined) {
  const opened = openMessage({ state, message: message ?? NOTHING });
  if (opened.kind === "refused") throw new Error(opened.reason);
  return opened;
}

function refusal(state: EpochKeys, message: Uint8Array | undefined): string {
  const opened = openMessage({ state, message: message ?? NOTHING });
  return opened.kind === "refused" ? opened.reason : opened.kind;
}

test("messages open in any order, each once", () => {
  const { alice, bob } = pair();
  const { messages } = sealMany(alice, 12);
  fc.assert(
    fc.property(fc.shuffledSubarray([...messages.keys()]), (order) => {
      let { state } = bob;
      for (const i of order) {
        const opened = mustOpen(state, messages[i]);
        assert.deepEqual(opened.plaintext, Uint8Array.of(0, i));
        state = opened.newState;
        assert.equal(refusal(state, messages[i]), "keys-gone");
      }
    }),
    { numRuns: 30 },
  );
});

test("skipped generations keep key and nonce only: no secret from which others follow", () => {
  const { alice, bob } = pair();
  const { messages } = sealMany(alice, 6);
  const { newState } = mustOpen(bob.state, messages[5]);
  const ratchet = newState.secretTree.ratchets.get(alice.state.ownLeafIndex);
  assert.ok(ratchet);
  assert.equal(ratchet.generation, 6);
  assert.deepEqual(
    ratchet.skipped.map(({ generation }) => generation),
    [0, 1, 2, 3, 4],
  );
  for (const kept of ratchet.skipped) {
    assert.deepEqual(Object.keys(kept).sort(), ["generation", "key", "nonce"]);
    assert.deepEqual([kept.key.length, kept.nonce.length], [32, 12]);
  }
});

test("at most 1,000 generations back stay open", () => {
  const { alice, bob } = pair();
  const first = sealMany(alice, 2);
  const last = sealMany({ ...alice, state: skipTo(first.newState, MAX_GENERATIONS_BACK + 1) }, 1);
  const { newState } = mustOpen(bob.state, last.messages[0]);
  assert.equal(refusal(newState, first.messages[0]), "keys-gone");
  assert.deepEqual(mustOpen(newState, first.messages[1]).plaintext, Uint8Array.of(0, 1));
  assert.equal(newState.secretTree.ratchets.get(0)?.skipped.length, MAX_GENERATIONS_BACK);
});

test("at most 4,096 generations forward are skipped", () => {
  const { alice, bob } = pair();
  const near = sealMany({ ...alice, state: skipTo(alice.state, MAX_GENERATIONS_FORWARD) }, 2);
  assert.equal(refusal(bob.state, near.messages[1]), "too-far-ahead");
  const { newState } = mustOpen(bob.state, near.messages[0]);
  assert.deepEqual(mustOpen(newState, near.messages[1]).plaintext, Uint8Array.of(0, 1));
});

test("secrets that were used are gone from the secret tree", () => {
  const seats = foundWith(["a", "b", "c", "d", "e"]);
  const [a, b] = [seatNamed(seats, "a"), seatNamed(seats, "b")];
  const before = new Set([...b.state.secretTree.nodes.values()].map(String));
  const { newState } = mustOpen(b.state, sealMany(a, 1).messages[0]);
  const { nodes, ratchets } = newState.secretTree;
  assert.equal(before.size, 1);
  for (const secret of nodes.values()) assert.equal(before.has(String(secret)), false);
  assert.deepEqual(
    [...nodes.keys()].sort((x, y) => x - y),
    [2, 5, 11],
    "the siblings on the way to leaf 0",
  );
  assert.deepEqual([...ratchets.keys()], [0]);
});

test("a forged message uses up nothing: the true one still opens", () => {
  const seats = foundWith(["alice", "bob", "mallory"]);
  const alice = seatNamed(seats, "alice");
  const mallory = seatNamed(seats, "mallory");
  const { messages } = sealMany(alice, 1);
  const disguised = { ...mallory.state, ownLeafIndex: alice.state.ownLeafIndex };
  const forged = sealMany({ ...mallory, state: disguised }, 1).messages[0];
  const { state } = seatNamed(seats, "bob");
  assert.equal(refusal(state, forged), "bad-signature");
  assert.deepEqual(mustOpen(state, messages[0]).senderIdentity, new TextEncoder().encode("alice"));
});

test("own messages are told apart from those of a copy of oneself", () => {
  const seats = foundWith(["alice", "bob", "mallory"]);
  const alice = seatNamed(seats, "alice");
  const { messages, newState } = sealMany(alice, 2);
  assert.equal(refusal(newState, messages[0]), "own-message");
  assert.equal(refusal(newState, messages[1]), "own-message");
  assert.equal(refusal(alice.state, messages[1]), "sealed-by-a-copy");
  const mallory = seatNamed(seats, "mallory");
  const disguised = { ...mallory.state, ownLeafIndex: alice.state.ownLeafIndex };
  const forged = sealMany({ ...mallory, state: disguised }, 1).messages[0];
  assert.equal(refusal(alice.state, forged), "bad-signature");
});

test("wrong group, wrong epoch and handshake messages are refused by name; changed bytes do not open", () => {
  const seats = foundWith(["alice", "bob"]);
  const alice = seatNamed(seats, "alice");
  const [message] = sealMany(alice, 1).messages;
  assert.ok(message);
  const { state } = seatNamed(seats, "bob");
  const changed = (at: number, to: number) => {
    const copy = message.slice();
    copy[at] = to;
    return copy;
  };
  assert.equal(refusal(state, changed(6, 1)), "wrong-group");
  const next = commit(seats, 0, {});
  assert.equal(refusal(seatNamed(next, "bob").state, message), "wrong-epoch");
  const contentTypeAt = 4 + 33 + 8;
  assert.equal(refusal(state, changed(contentTypeAt, 2)), "outside-profile");
  assert.equal(refusal(state, changed(contentTypeAt, 3)), "outside-profile");
  assert.equal(refusal(state, changed(contentTypeAt, 4)), "malformed");
  assert.equal(refusal(state, changed(message.length - 1, 0x55)), "does-not-open");
  assert.equal(refusal(state, changed(contentTypeAt + 1, 1)), "malformed");
  assert.equal(refusal(state, new Uint8Array([...message, 0])), "malformed");
  assert.deepEqual(readMessageHeader(message), {
    wireFormat: "private",
    groupId,
    epoch: alice.state.context.epoch,
    contentType: "application",
  });
});

test("padding hides the length and comes off again; the same plaintext never gives the same bytes", () => {
  const { alice, bob } = pair();
  const { state, signatureKey } = alice;
  const seal = (plaintext: Uint8Array, padding: number) =>
    sealMessage({ state, signatureKey, plaintext, authenticatedData: NOTHING, padding }).message;
  const short = seal(Uint8Array.of(1), 63);
  const long = seal(new Uint8Array(61), 3);
  assert.equal(short.length, long.length);
  assert.deepEqual(mustOpen(bob.state, short).plaintext, Uint8Array.of(1));
  assert.notDeepEqual(seal(Uint8Array.of(1), 0), seal(Uint8Array.of(1), 0), "the reuse guard differs");
});

test("past senders are resolved in their epoch's tree, also when their leaf has a new owner", () => {
  let seats = foundWith(["alice", "bob", "carol"]);
  const late = sealMany(seatNamed(seats, "bob"), 1).messages[0];
  const carolThen = closeEpoch(seatNamed(seats, "carol").state);
  const leaf = seatNamed(seats, "bob").state.ownLeafIndex;
  seats = commit(seats, positionOf(seats, "alice"), { removes: [leaf] });
  seats = commit(seats, positionOf(seats, "alice"), { adds: [makeMember("dora")] });
  assert.equal(seatNamed(seats, "dora").state.ownLeafIndex, leaf);
  const opened = mustOpen(carolThen, late);
  assert.deepEqual(opened.senderIdentity, new TextEncoder().encode("bob"));
  assert.equal(opened.senderLeaf, leaf);
});

test("sealing too much is a coded error", () => {
  const { alice } = pair();
  const { state, signatureKey } = alice;
  const plaintext = new Uint8Array(2 ** 20);
  assert.throws(
    () => sealMessage({ state, signatureKey, plaintext, authenticatedData: NOTHING }),
    (error) => isWeftError(error, "too-large"),
  );
});
