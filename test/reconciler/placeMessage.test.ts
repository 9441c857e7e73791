import assert from "node:assert/strict";
import { test } from "node:test";
import type {
  MessageRecord,
  MessageVerdict,
  Opening,
  RelationRecord,
} from "../../src/reconciler/records/timelineRecord.ts";
import { deletionOf, type Relations } from "../../src/reconciler/timeline/applyRelations.ts";
import { placeMessage, standsAmong } from "../../src/reconciler/timeline/placeMessage.ts";
import { registerOf } from "../../src/reconciler/timeline/relationsOf.ts";
import type {
  EntryId,
  EnvelopeHash,
  GroupId,
  InboxId,
  InstallationKey,
  MessageId,
} from "../../src/wire/ids.ts";
import { relationKinds } from "../../src/wire/relation.ts";
import { says } from "../support/contents.ts";
import { testId } from "../support/testIntent.ts";

const [author, other] = [testId<InboxId>(1), testId<InboxId>(2)];
const messageId = (digit: number) => testId<never>(digit) as MessageId;
const entryOf = (epoch: number) => testId<EntryId>(100 + epoch);

function opening(epoch: number, verdict: MessageVerdict = "counts", entry = entryOf(epoch)): Opening {
  return { epoch, entry, envelope: testId<never>(200 + epoch) as EnvelopeHash, verdict };
}

function message(openings: MessageRecord["openings"], digit = 9): MessageRecord {
  return {
    ...{ kind: "message", id: messageId(digit), openings, deleted: false },
    content: {
      ...{ group: testId<GroupId>(7), inbox: author, installation: testId<InstallationKey>(3), nonce: "0x" },
      ...{ depth: 4, parents: [], sentAtMs: 0, ...says("Hello") },
    },
  };
}

function deletion(by: InboxId, epoch: number, kind: "own" | "control" = "own"): RelationRecord {
  const source =
    kind === "own"
      ? ({ kind, message: messageId(50 + epoch) } as const)
      : ({ kind, entry: entryOf(epoch) } as const);
  const register = registerOf({ kind: relationKinds.delete });
  return { target: messageId(9), ...register, source, inbox: by, epoch, state: "counts", revision: 1 };
}

const knowing = (...relations: readonly RelationRecord[]): Relations => ({ relations, edits: new Map() });

test("a deletion counts from its author or from a control, and reaches no later epoch than its own", () => {
  const gone = (one: RelationRecord, epoch: number) =>
    deletionOf({ author, relations: [one], epoch }).deleted;
  assert.deepEqual(
    [2, 3, 4].map((epoch) => gone(deletion(author, 3), epoch)),
    [true, true, false],
  );
  assert.deepEqual(
    [2, 3, 4].map((epoch) => gone(deletion(other, 3, "control"), epoch)),
    [true, true, false],
  );
  assert.equal(gone(deletion(other, 3), 3), false, "a stranger's");
  assert.equal(deletionOf({ author, relations: [], epoch: 0 }).deleted, false);
});

test("a message stands in the epoch of its first opening, and has a word in each further one", () => {
  const openings = [opening(5), opening(3), opening(6)] as const;
  const [first, ...again] = placeMessage({ message: message(openings), known: knowing() });
  assert.deepEqual([first.kind, first.openings, first.deleted], ["message", openings, false]);
  assert.deepEqual(
    again.map(({ epoch, depth, entries }) => ({ epoch, depth, entries })),
    [3, 6].map((epoch) => ({ epoch, depth: 4, entries: [entryOf(epoch)] })),
  );
});

test("of a further epoch those entries are named in which it counts, each once and sorted", () => {
  const twin = testId<EntryId>(1);
  const openings = [
    opening(5),
    opening(6),
    opening(6, "counts", twin),
    opening(6),
    opening(7, "fenced"),
  ] as const;
  const [, ...again] = placeMessage({ message: message(openings), known: knowing() });
  assert.deepEqual(
    again.map(({ epoch, entries }) => ({ epoch, entries })),
    [
      { epoch: 6, entries: [twin, entryOf(6)] },
      { epoch: 7, entries: [] },
    ],
  );
  const [, ...none] = placeMessage({
    message: message([opening(5), opening(5, "void", twin)]),
    known: knowing(),
  });
  assert.deepEqual(none, [], "another sealing in the same epoch");
});

test("whether it is deleted is judged for each place by itself", () => {
  const openings = [opening(5), opening(3), opening(6)] as const;
  const placed = placeMessage({ message: message(openings), known: knowing(deletion(author, 5)) });
  assert.deepEqual(
    placed.map(({ deleted }) => deleted),
    [true, true, false],
  );
});

test("two records share a place if epoch, depth and id are the same", () => {
  const [here, again] = placeMessage({ message: message([opening(5), opening(3)]), known: knowing() });
  assert.ok(again);
  assert.equal(standsAmong(here, [again]), false);
  assert.equal(standsAmong(again, [message([opening(3)])]), true, "a word in the place where it is shown");
  assert.equal(standsAmong(here, [message([opening(5)], 8)]), false);
});
