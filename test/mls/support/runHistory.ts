import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeState } from "../../../src/mls/decodeState.ts";
import { decodeTree } from "../../../src/mls/decodeTree.ts";
import { encodeState } from "../../../src/mls/encodeState.ts";
import { encodeTree } from "../../../src/mls/encodeTree.ts";
import { exportSecret } from "../../../src/mls/exportSecret.ts";
import { epochAuthenticatorOf, members } from "../../../src/mls/members.ts";
import { openMessage } from "../../../src/mls/openMessage.ts";
import { fitsTree } from "../../../src/mls/path/privateKeys.ts";
import { sealMessage } from "../../../src/mls/sealMessage.ts";
import { checkTree } from "../../../src/mls/tree/checkTree.ts";
import { treeHash } from "../../../src/mls/tree/treeHash.ts";
import { makeMember } from "./makeMember.ts";
import { type Change, commit, found, groupId, type Seat } from "./testGroup.ts";

/** One step of a random history; numbers are taken modulo what there is. */
export type Step =
  | { readonly kind: "add"; readonly by: number; readonly count: number; readonly forcePath: boolean }
  | {
      readonly kind: "remove";
      readonly by: number;
      readonly targets: readonly number[];
      readonly renames: boolean;
    }
  | { readonly kind: "rotate"; readonly by: number }
  | { readonly kind: "rename"; readonly by: number }
  | { readonly kind: "speak"; readonly by: number }
  | { readonly kind: "restart"; readonly who: number };

const index = fc.nat({ max: 1000 });

/** Histories that grow, shrink, refill freed leaves and leave unmerged ones behind. */
export const histories = (maxLength: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant("add" as const),
          by: index,
          count: fc.integer({ min: 1, max: 4 }),
          forcePath: fc.boolean(),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant("remove" as const),
          by: index,
          targets: fc.array(index, { minLength: 1, maxLength: 3 }),
          renames: fc.boolean(),
        }),
      },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant("rotate" as const), by: index }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("rename" as const), by: index }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("speak" as const), by: index }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const), who: index }) },
    ),
    { minLength: 3, maxLength, size: "max" },
  );

const MAX_SEATS = 24;

/** Plays a history with every member's own state, and compares all of them after each step. */
export function runHistory(steps: readonly Step[]): void {
  let names = 0;
  const newcomer = () => makeMember(`member ${names++}`);
  let seats: Seat[] = [found(newcomer())];
  for (const [epoch, step] of steps.entries()) {
    switch (step.kind) {
      case "add": {
        const adds = Array.from({ length: Math.min(step.count, MAX_SEATS - seats.length) }, newcomer);
        if (adds.length === 0) break;
        seats = commit(seats, step.by % seats.length, { adds, forcePath: step.forcePath });
        break;
      }
      case "remove":
        seats = commit(seats, step.by % seats.length, removal(seats, step));
        break;
      case "rotate":
        seats = commit(seats, step.by % seats.length, {});
        break;
      case "rename":
        seats = commit(seats, step.by % seats.length, { groupContextExtension: Uint8Array.of(epoch) });
        break;
      case "speak":
        seats = speak(seats, step.by % seats.length);
        break;
      case "restart":
        seats = seats.map((seat, i) => (i === step.who % seats.length ? restart(seat) : seat));
        break;
    }
    compare(seats);
  }
}

function removal(seats: readonly Seat[], step: Step & { kind: "remove" }): Change {
  const by = step.by % seats.length;
  const targets = step.targets.map((target) => target % seats.length).filter((target) => target !== by);
  const removes = [...new Set(targets)].flatMap((target) => seats[target]?.state.ownLeafIndex ?? []);
  return step.renames ? { removes, groupContextExtension: Uint8Array.of(removes.length) } : { removes };
}

function speak(seats: readonly Seat[], by: number): Seat[] {
  const speaker = seats[by];
  assert.ok(speaker);
  const plaintext = new TextEncoder().encode(`from ${speaker.name}`);
  const authenticatedData = Uint8Array.of(by);
  const { state, signatureKey } = speaker;
  const { newState, message } = sealMessage({ state, signatureKey, plaintext, authenticatedData });
  return seats.map((seat, i) => {
    if (i === by) return { ...seat, state: newState };
    const opened = openMessage({ state: seat.state, message });
    assert.ok(opened.kind === "opened");
    assert.deepEqual(opened.plaintext, plaintext);
    assert.deepEqual(opened.authenticatedData, authenticatedData);
    assert.deepEqual(opened.senderSignatureKey, signatureKey.publicKey);
    return { ...seat, state: opened.newState };
  });
}

function restart(seat: Seat): Seat {
  return { ...seat, state: decodeState({ bytes: encodeState(seat.state), tree: encodeTree(seat.state) }) };
}

function compare(seats: readonly Seat[]): void {
  const [first] = seats;
  assert.ok(first);
  const view = (seat: Seat) => ({
    exported: exportSecret({ state: seat.state, label: "test", context: Uint8Array.of(1), length: 48 }),
    authenticator: epochAuthenticatorOf(seat.state),
    context: seat.state.context,
    interim: seat.state.interimTranscriptHash,
    members: members(seat.state),
    initSecret: seat.state.initSecret,
  });
  const expected = view(first);
  assert.equal(expected.members.length, seats.length);
  for (const seat of seats) {
    assert.deepEqual(view(seat), expected);
    assert.ok(fitsTree(seat.state), "every private key fits the tree");
    assert.deepEqual(treeHash(decodeTree(encodeTree(seat.state))), seat.state.context.treeHash);
  }
  checkTree({ tree: first.state.tree, groupId });
}
