import assert from "node:assert/strict";
import { test } from "node:test";
import { applyCommit } from "../../src/mls/applyCommit.ts";
import { closeEpoch } from "../../src/mls/closeEpoch.ts";
import { applyProposals } from "../../src/mls/commit/applyProposals.ts";
import { decodePublicCommit } from "../../src/mls/commit/publicCommit.ts";
import { advanceEpoch, provisionalContext } from "../../src/mls/epoch/advanceEpoch.ts";
import { NO_SECRET } from "../../src/mls/epoch/keySchedule.ts";
import { exportSecret } from "../../src/mls/exportSecret.ts";
import type { GroupState } from "../../src/mls/groupState.ts";
import { openMessage } from "../../src/mls/openMessage.ts";
import { sealMessage } from "../../src/mls/sealMessage.ts";
import { type VerifiedCommit, verifyCommit } from "../../src/mls/verifyCommit.ts";
import { reachableStates } from "./support/attackCommit.ts";
import { forgeCommit } from "./support/forgeCommit.ts";
import { makeMember } from "./support/makeMember.ts";
import { follow, foundWith, joinWith, positionOf, type Seat, seatNamed, stage } from "./support/testGroup.ts";

/** What a removed member still has: every state it ever was in. */
type Attacker = { readonly states: readonly GroupState[] };

const exported = (state: Pick<GroupState, "exporterSecret">) =>
  Buffer.from(
    exportSecret({ state, label: "weft authority", context: new Uint8Array(0), length: 48 }),
  ).toString("hex");

/** All exporter secrets that an attacker can reach by a commit that it can read. */
function reach({ states }: Attacker, verified: VerifiedCommit): Set<string> {
  return new Set(reachableStates({ states, pool: new Map(), verified }).map(exported));
}

/** One group life: every member rotates once, then messages flow; returns all states of each by name. */
function live(names: readonly string[]) {
  let seats = foundWith(names);
  const histories = new Map(names.map((name) => [name, [seatNamed(seats, name).state]]));
  for (const i of seats.keys()) {
    seats = step(seats, i, {});
    for (const seat of seats) histories.get(seat.name)?.push(seat.state);
  }
  return { seats, histories };
}

function step(seats: readonly Seat[], by: number, change: Parameters<typeof stage>[1]): Seat[] {
  const committer = seats[by];
  assert.ok(committer);
  const staged = stage(committer, change);
  return seats.flatMap((seat, i) =>
    i === by ? { ...seat, state: staged.newState } : (follow(seat, staged.commit) ?? []),
  );
}

function verify(state: GroupState, commit: Uint8Array): VerifiedCommit {
  const verdict = verifyCommit({ state, commit });
  assert.ok(verdict.kind === "verified");
  return verdict.verified;
}

test("the attack of these tests works where it should: on a member who stays", () => {
  const { seats, histories } = live(["a", "b", "c", "d", "e"]);
  const staged = stage(seatNamed(seats, "a"), { removes: [2] });
  const verified = verify(seatNamed(seats, "b").state, staged.commit);
  const staying = { states: histories.get("b") ?? [] };
  assert.ok(reach(staying, verified).has(exported(staged.newState)));
});

for (const [what, victims] of [
  ["one removed member", ["c"]],
  ["several removed members together", ["b", "c", "e"]],
  ["a removed sibling of the committer", ["b"]],
  ["everyone else removed", ["b", "c", "d", "e"]],
] as const) {
  test(`${what} cannot reach the next exporter secret, with all old states and all that is public`, () => {
    const { seats, histories } = live(["a", "b", "c", "d", "e"]);
    const removes = victims.map((name) => seatNamed(seats, name).state.ownLeafIndex);
    const staged = stage(seatNamed(seats, "a"), { removes });
    const states = victims.flatMap((name) => histories.get(name) ?? []);
    const last = seatNamed(seats, victims[0]).state;
    const verified = verify(last, staged.commit);
    assert.deepEqual(applyCommit({ state: last, verified }), { kind: "removed" });
    assert.equal(reach({ states }, verified).has(exported(staged.newState)), false);
  });
}

test("a removed member whose leaf is filled again reaches neither epoch, nor the messages", () => {
  const { seats, histories } = live(["a", "b", "c", "d", "e"]);
  const victim = seatNamed(seats, "c");
  const attacker = { states: histories.get("c") ?? [] };
  const removal = stage(seatNamed(seats, "a"), { removes: [victim.state.ownLeafIndex] });
  const verifiedRemoval = verify(victim.state, removal.commit);
  const remaining = seats.flatMap((seat) =>
    seat.name === "a" ? { ...seat, state: removal.newState } : (follow(seat, removal.commit) ?? []),
  );
  const newcomer = makeMember("newcomer");
  const addition = stage(seatNamed(remaining, "d"), { adds: [newcomer] });
  const verifiedAddition = verify(removal.newState, addition.commit);
  const joined = joinWith(newcomer, addition);
  assert.equal(joined.state.ownLeafIndex, victim.state.ownLeafIndex, "the freed leaf is used again");
  const first = reach(attacker, verifiedRemoval);
  const second = reach(attacker, verifiedAddition);
  for (const reached of [first, second]) {
    assert.equal(reached.has(exported(removal.newState)), false);
    assert.equal(reached.has(exported(addition.newState)), false);
  }
  const { message } = sealMessage({
    state: joined.state,
    signatureKey: newcomer.signatureKey,
    plaintext: Uint8Array.of(1),
    authenticatedData: new Uint8Array(0),
  });
  for (const state of attacker.states) {
    assert.equal(openMessage({ state, message }).kind, "refused");
    const { epoch } = joined.state.context;
    const dressed = { ...state, context: { ...state.context, epoch } };
    assert.equal(openMessage({ state: dressed, message }).kind, "refused");
  }
});

test("a hostile remover without a path would let the removed in, and is refused", () => {
  const { seats, histories } = live(["a", "b", "c", "mallory"]);
  const victim = seatNamed(seats, "c");
  const forged = forgeCommit({
    seat: seatNamed(seats, "mallory"),
    proposals: [{ kind: "remove", leafIndex: victim.state.ownLeafIndex }],
  });
  for (const name of ["a", "b", "c"]) {
    assert.deepEqual(verifyCommit({ state: seatNamed(seats, name).state, commit: forged.commit }), {
      kind: "refused",
      reason: "path-missing",
    });
  }
  const own = histories.get("c")?.at(-1);
  assert.ok(own);
  const message = decodePublicCommit(forged.commit);
  const { tree } = applyProposals({ tree: own.tree, proposals: message.commit.proposals });
  const { extensions } = own.context;
  const provisional = provisionalContext({ context: own.context, tree, extensions });
  const reached = advanceEpoch({
    ...{ state: own, provisional, tree, content: message.content, signature: message.signature },
    ...{ commitSecret: NO_SECRET, privateKeys: new Map() },
  });
  assert.equal(exported(reached.state), exported(forged.newState), "what the path is for");
});

test("the keys of a closed epoch open its messages and hold nothing that leads on", () => {
  const { seats } = live(["a", "b"]);
  const keys = closeEpoch(seatNamed(seats, "b").state);
  assert.deepEqual(Object.keys(keys).sort(), [
    "context",
    "ownLeafIndex",
    "secretTree",
    "senderDataSecret",
    "tree",
  ]);
  const speaker = seatNamed(seats, "a");
  const { message } = sealMessage({
    state: speaker.state,
    signatureKey: speaker.signatureKey,
    plaintext: Uint8Array.of(5),
    authenticatedData: new Uint8Array(0),
  });
  const opened = openMessage({ state: keys, message });
  assert.ok(opened.kind === "opened");
  assert.deepEqual(opened.plaintext, Uint8Array.of(5));
  assert.equal(positionOf(seats, "a"), 0);
});
