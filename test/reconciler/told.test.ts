import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isTold, type TimelineRecord } from "../../src/reconciler/records/timelineRecord.ts";
import { type MessageItem, showRecord } from "../../src/reconciler/timeline/timelineItem.ts";
import { textPart } from "../../src/wire/part.ts";
import { deletes, relates, says } from "../support/contents.ts";
import { anyFacts, EPOCHS, entryOf, type Opened, say } from "../support/timelineFacts.ts";
import { type TimelineInMemory, timelineInMemory } from "../support/timelineInMemory.ts";

/** A message that comes by itself, or that another device tells of. */
type Fact = Opened & { readonly isTold?: true };

const told = (fact: Opened): Fact => ({ ...fact, isTold: true });

function play(facts: readonly Fact[]): TimelineInMemory {
  const timeline = timelineInMemory();
  for (const { message, opening, isTold } of facts) {
    if (isTold) timeline.tell(message, opening);
    else timeline.open(message, opening);
  }
  return timeline;
}

const itemOf = (timeline: TimelineInMemory, { message: { id } }: Opened): MessageItem => {
  const found = timeline.records().flatMap((record) => {
    const item = showRecord(record);
    return item?.kind === "message" && item.id === id ? [item] : [];
  });
  assert.equal(found.length, 1, "there is one row");
  return found[0] ?? assert.fail();
};
const inEveryOrder = (facts: readonly Fact[], check: (timeline: TimelineInMemory) => void) => {
  const [first, ...rest] = facts;
  const orders = (left: readonly Fact[]): Fact[][] =>
    left.length === 0
      ? [[]]
      : left.flatMap((one, i) => orders(left.toSpliced(i, 1)).map((order) => [one, ...order]));
  assert.ok(first);
  for (const order of orders([first, ...rest])) check(play(order));
};

const post = say(1, says("teh"));
const { id } = post.message;
const edit = (text: string, revision = 1) =>
  say(1, relates("edit", id, { revision, parts: [textPart(text)] }));
const reaction = say(2, relates("react", id, { key: "+" }));

test("what was told is shown as told, with what was told of it and what this client has opened", () => {
  inEveryOrder([told(post), told(edit("the")), told(reaction)], (timeline) => {
    const { text, origin, reactions, state } = itemOf(timeline, post);
    assert.deepEqual([text, origin, reactions?.length, state], ["the", "archive", 1, "visible"]);
    for (const epoch of Array.from({ length: EPOCHS }).keys()) {
      const entry = entryOf(epoch);
      assert.deepEqual(timeline.digest({ entry, epoch }), timelineInMemory().digest({ entry, epoch }));
    }
  });
  inEveryOrder([told(post), told(edit("the", 1)), edit("The", 2)], (timeline) =>
    assert.equal(itemOf(timeline, post).text, "The"),
  );
  inEveryOrder([told(post), say(1, deletes(id))], (timeline) =>
    assert.equal(itemOf(timeline, post).state, "deleted"),
  );
  inEveryOrder([told(post), told(say(1, deletes(id)))], (timeline) =>
    assert.equal(itemOf(timeline, post).state, "deleted"),
  );
  inEveryOrder([told(post), told(say(2, deletes(id))), told(say(2, relates("edit", id)))], (timeline) =>
    assert.deepEqual([itemOf(timeline, post).state, itemOf(timeline, post).text], ["visible", "teh"]),
  );
});

test("what was told does nothing to a message that this client has opened", () => {
  const deletion = told(say(1, deletes(id)));
  inEveryOrder([post, told(edit("forged")), told(reaction), deletion], (timeline) => {
    const { text, origin, reactions, state } = itemOf(timeline, post);
    assert.deepEqual([text, origin, reactions, state], ["teh", undefined, undefined, "visible"]);
  });
});

test("the message itself wins, whenever it comes, also where it does not count", () => {
  const elsewhere = told(say(1, says("teh"), { epoch: 2 }));
  const moved = { ...elsewhere, message: post.message };
  inEveryOrder([post, told(post), moved], (timeline) => {
    const { origin, epoch } = itemOf(timeline, post);
    assert.deepEqual([origin, epoch], [undefined, post.opening.epoch]);
    assert.equal(timeline.records().length, 1);
  });
  const fenced: Fact = { ...post, opening: { ...post.opening, verdict: "fenced" } };
  inEveryOrder([fenced, told(post)], (timeline) => assert.equal(itemOf(timeline, post).state, "fenced"));
  inEveryOrder([told(post), moved], (timeline) =>
    assert.equal(itemOf(timeline, post).epoch, post.opening.epoch),
  );
});

test("in every order, facts and tellings of them give the same timeline, and the digests of the facts alone", () => {
  const isOpened = (record: TimelineRecord) => record.kind !== "message" || !isTold(record);
  fc.assert(
    fc.property(
      anyFacts,
      fc.infiniteStream(fc.nat(2)),
      fc.infiniteStream(fc.nat()),
      (facts, sorts, seeds) => {
        const mixed = facts.flatMap((fact): Fact[] => {
          const sort = sorts.next().value;
          return sort === 0 ? [fact] : sort === 1 ? [told(fact)] : [fact, told(fact)];
        });
        const shuffled = mixed
          .map((fact) => ({ fact, seed: seeds.next().value }))
          .toSorted((a, b) => a.seed - b.seed)
          .map(({ fact }) => fact);
        const [one, other] = [play(mixed), play(shuffled)];
        assert.deepEqual(other.records(), one.records());
        const alone = play(mixed.filter((fact) => !fact.isTold));
        assert.deepEqual(one.records().filter(isOpened), alone.records());
      },
    ),
    { numRuns: 100 },
  );
});
