import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { MessageVerdict, Opening } from "../../src/reconciler/records/timelineRecord.ts";
import type { MessageBody } from "../../src/reconciler/timeline/composeMessage.ts";
import { relationRules } from "../../src/reconciler/timeline/relationsOf.ts";
import { type MessageItem, showRecord, silentMessage } from "../../src/reconciler/timeline/timelineItem.ts";
import { asId, type EnvelopeHash, type MessageId } from "../../src/wire/ids.ts";
import { MAX_REACTIONS_PER_INBOX } from "../../src/wire/limits.ts";
import { textPart } from "../../src/wire/part.ts";
import { relationKinds } from "../../src/wire/relation.ts";
import { deletes, relates, says } from "../support/contents.ts";
import {
  anyFacts,
  anyOrder,
  EPOCHS,
  entryOf,
  type Opened,
  same,
  say,
  sealing,
} from "../support/timelineFacts.ts";
import { type TimelineInMemory, timelineInMemory } from "../support/timelineInMemory.ts";

function play(facts: readonly Opened[], timeline = timelineInMemory()): TimelineInMemory {
  for (const { message, opening } of facts) timeline.open(message, opening);
  return timeline;
}

const items = (timeline: TimelineInMemory): MessageItem[] =>
  timeline.records().flatMap((record) => {
    const item = showRecord(record);
    return item?.kind === "message" ? [item] : [];
  });
const itemOf = (timeline: TimelineInMemory, { message: { id } }: Opened) =>
  items(timeline).find((item) => item.id === id) ?? assert.fail("it is not shown");
const textOf = (facts: readonly Opened[], of: Opened) => itemOf(play(facts), of).text;
const reactionsTo = (timeline: TimelineInMemory, of: Opened) =>
  (itemOf(timeline, of).reactions ?? []).map(({ text, inboxes }) => `${text} ${inboxes.length}`);
const digests = (timeline: TimelineInMemory) =>
  Array.from({ length: EPOCHS }, (_, epoch) => timeline.digest({ entry: entryOf(epoch), epoch }));
const bothOrders = (facts: readonly Opened[], check: (timeline: TimelineInMemory) => void) => {
  check(play(facts));
  check(play(facts.toReversed()));
};
const react = (
  inbox: number,
  to: Opened,
  key: string,
  more: { revision?: number; takeBack?: true; epoch?: number } = {},
) =>
  say(
    inbox,
    relates("react", to.message.id, {
      key,
      revision: more.revision ?? 1,
      ...(more.takeBack ? { parts: [] } : {}),
    }),
    more,
  );

test("the latest edit stands in the place of what its author said, by revision and then by id", () => {
  const post = say(1, says("teh"));
  const { id } = post.message;
  const edit = (text: string, revision: number, more = {}) =>
    say(1, relates("edit", id, { revision, parts: [textPart(text)] }), more);
  const [first, second] = [edit("the", 1), edit("The", 2, { device: 2 })];
  bothOrders([post, first, second], (timeline) => {
    const item = itemOf(timeline, post);
    assert.deepEqual([item.text, item.edit, item.state], ["The", second.message.id, "visible"]);
    assert.equal(items(timeline).length, 1, "edits are no items");
  });
  assert.equal(textOf([post, edit("a later epoch", 1, { epoch: 2 }), second], post), "a later epoch");
  assert.equal(textOf([post, say(2, relates("edit", id))], post), "teh", "somebody else's");
  const twins = [edit("a", 1), edit("b", 1)];
  const [, winner] = twins.toSorted((a, b) => (a.message.id < b.message.id ? -1 : 1));
  bothOrders([post, ...twins], (timeline) => assert.equal(itemOf(timeline, post).edit, winner?.message.id));
});

test("an edit of a lower revision loses, whatever its id", () => {
  const post = say(1, says("teh"));
  const edit = (text: string, revision: number) =>
    say(1, relates("edit", post.message.id, { revision, parts: [textPart(text)] }));
  const later = edit("the", 2);
  const earlier = Array.from({ length: 20 }, () => edit("teh!", 1));
  assert.ok(earlier.some(({ message }) => message.id > later.message.id));
  bothOrders([post, later, ...earlier], (timeline) => assert.equal(itemOf(timeline, post).text, "the"));
});

test("of too many reactions those of the latest epochs count", () => {
  const post = say(1, says("first"));
  const early = Array.from({ length: 3 * MAX_REACTIONS_PER_INBOX }, (_, i) => react(2, post, `${i}`));
  const late = Array.from({ length: MAX_REACTIONS_PER_INBOX }, (_, i) =>
    react(2, post, `late ${i}`, { epoch: 2 }),
  );
  bothOrders([post, ...early, ...late], (timeline) => {
    const shown = reactionsTo(timeline, post);
    assert.equal(shown.length, late.length);
    assert.ok(shown.every((one) => one.startsWith("late")));
  });
});

test("a relation reaches what is sealed to its own epoch and to earlier ones", () => {
  const post = say(1, says("first"), { epoch: 2 });
  const edit = say(1, relates("edit", post.message.id), { epoch: 1 });
  const set = react(2, post, "+", { epoch: 1 });
  bothOrders([post, edit, set], (timeline) => {
    assert.equal(itemOf(timeline, post).text, "first");
    assert.deepEqual(reactionsTo(timeline, post), []);
  });
  const deletion = say(1, deletes(post.message.id), { epoch: 1 });
  bothOrders([post, deletion], (timeline) => {
    assert.equal(itemOf(timeline, post).state, "visible");
    assert.deepEqual(digests(timeline)[2], digests(play([post]))[2]);
  });
  bothOrders([post, edit, set, { ...post, opening: sealing(post.message.id, 0) }], (timeline) => {
    assert.equal(itemOf(timeline, post).text, "again", "it stands in an earlier epoch");
    assert.deepEqual(reactionsTo(timeline, post), ["+ 1"]);
  });
  const again = { ...edit, opening: sealing(edit.message.id, 2) };
  bothOrders([post, edit, again], (timeline) => assert.equal(itemOf(timeline, post).text, "again"));
});

test("a relation acts while it counts; a pending deletion hides and is in no digest", () => {
  const post = say(1, says("first"));
  const pending = (kind: "edit" | "delete") =>
    say(1, kind === "delete" ? deletes(post.message.id) : relates(kind, post.message.id), {
      verdict: "pending",
    });
  assert.equal(textOf([post, pending("edit")], post), "first");
  const deletion = pending("delete");
  const timeline = play([post, deletion]);
  assert.equal(itemOf(timeline, post).state, "deleted");
  assert.deepEqual(digests(timeline), digests(play([post])));
  timeline.reopen(deletion.message.id, ([opening]) => (opening ? [{ ...opening, verdict: "counts" }] : []));
  const counted = { ...deletion, opening: { ...deletion.opening, verdict: "counts" as const } };
  assert.deepEqual(digests(timeline), digests(play([post, counted])));
  assert.notDeepEqual(digests(timeline), digests(play([post])));
  timeline.reopen(deletion.message.id, ([opening]) => (opening ? [{ ...opening, verdict: "fenced" }] : []));
  assert.equal(itemOf(timeline, post).text, "first");
});

test("a deletion beats edits in any order, hides them all and the reactions", () => {
  const post = say(1, says("first"));
  const facts = [
    post,
    say(1, relates("edit", post.message.id)),
    say(1, deletes(post.message.id)),
    react(2, post, "+"),
  ];
  bothOrders(facts, (timeline) => {
    const item = itemOf(timeline, post);
    assert.deepEqual([item.state, item.text, item.parts, item.edit], ["deleted", undefined, [], undefined]);
    assert.equal(item.reactions, undefined);
  });
});

test("reactions are one register for each inbox and text, so that two devices of one person set one", () => {
  const post = say(1, says("first"));
  const [mine, twin] = [react(2, post, "👍"), { ...react(2, post, "👍") }];
  const other = react(3, post, "👍");
  const heart = react(2, post, "♥");
  bothOrders([post, mine, twin, other, heart], (timeline) =>
    assert.deepEqual(reactionsTo(timeline, post), ["♥ 1", "👍 2"]),
  );
  const back = react(2, post, "👍", { revision: 2, takeBack: true });
  bothOrders([post, mine, twin, other, heart, back], (timeline) =>
    assert.deepEqual(reactionsTo(timeline, post), ["♥ 1", "👍 1"]),
  );
});

test("texts that differ are shown as they differ, an invisible mark at their beginning included", () => {
  const marked = "\ufeff👍";
  const post = say(1, says(marked));
  assert.equal(textOf([post], post), marked);
  const timeline = play([post, react(2, post, "👍"), react(2, post, marked)]);
  assert.deepEqual(new Set(reactionsTo(timeline, post)), new Set(["👍 1", `${marked} 1`]));
});

test("a message counts so many registers of one inbox, whatever order they come in", () => {
  const post = say(1, says("first"));
  const many = Array.from({ length: 3 * MAX_REACTIONS_PER_INBOX }, (_, i) => react(2, post, `${i}`));
  const facts = [post, ...many, react(3, post, "+")];
  const shown = reactionsTo(play(facts), post);
  assert.equal(shown.length, MAX_REACTIONS_PER_INBOX + 1);
  assert.deepEqual(reactionsTo(play(facts.toReversed()), post), shown);
});

test("reactions that do not reach a message take no room from those that do", () => {
  const post = say(1, says("first"), { epoch: 2 });
  const early = Array.from({ length: 3 * MAX_REACTIONS_PER_INBOX }, (_, i) =>
    react(2, post, `${i}`, { epoch: 1 }),
  );
  const set = Array.from({ length: 8 }, (_, i) => react(2, post, `late ${i}`, { epoch: 2 }));
  const joinedLater = play([post, ...set]);
  assert.equal(reactionsTo(joinedLater, post).length, set.length);
  bothOrders([post, ...early, ...set], (timeline) =>
    assert.deepEqual(reactionsTo(timeline, post), reactionsTo(joinedLater, post)),
  );
});

test("which sealings are kept of too many depends on the set, whatever was judged in between", () => {
  const post = say(3, says("first"), { epoch: 1 });
  const { id } = post.message;
  const sealings = Array.from({ length: 100 }, (_, i): Opened => {
    const envelope = asId<EnvelopeHash>(createHash("sha256").update(`${i}`).digest());
    return { ...post, opening: { ...sealing(id, 1), envelope } };
  });
  const last = asId<EnvelopeHash>(new Uint8Array(32).fill(255));
  const later = { ...post, opening: { ...sealing(id, 3), envelope: last } };
  const undone = sealings.map(({ opening }): Opened => {
    return { ...post, opening: { ...opening, epoch: 2, verdict: "void" } };
  });
  const first = { ...post, opening: { ...sealing(id, 1), envelope: last } };
  bothOrders([...undone, first], (timeline) => assert.equal(itemOf(timeline, post).state, "visible"));
  const timeline = play([...sealings, later]);
  const joinedLater = play([later]);
  const of = (one: TimelineInMemory) => one.digest({ entry: entryOf(3), epoch: 3 });
  assert.deepEqual(of(timeline), of(joinedLater), "whoever joined later has the same of its epochs");
  const judged = ({ message, opening }: Opened): Opened =>
    opening.epoch === 1 ? { message, opening: { ...opening, verdict: "fenced" } } : { message, opening };
  timeline.reopen(id, (openings) => openings.map((opening) => judged({ ...post, opening }).opening));
  bothOrders([...sealings, later].map(judged), (other) =>
    assert.deepEqual(stateOf(other), stateOf(timeline)),
  );
});

test("silent messages can't be deleted or related to", () => {
  const post = say(1, says("first"));
  const edit = say(1, relates("edit", post.message.id));
  const before = play([post, edit]);
  const aboutEdit = [
    deletes,
    (id: MessageId) => relates("edit", id),
    (id: MessageId) => relates("react", id, { key: "+" }),
  ];
  for (const about of aboutEdit) {
    bothOrders([post, edit, say(1, about(edit.message.id), { epoch: 2 })], (timeline) => {
      assert.deepEqual(itemOf(timeline, post), itemOf(before, post));
      assert.deepEqual(
        timeline.digest({ entry: entryOf(1), epoch: 1 }),
        before.digest({ entry: entryOf(1), epoch: 1 }),
      );
    });
  }
});

test("what breaks the rule of its kind does nothing, is not shown, and is in the digest", () => {
  const post = say(1, says("first"));
  const { id } = post.message;
  const { relation } = relates("reply", id);
  const broken: MessageBody[] = [
    { parts: [] },
    relates("reply", id, { parts: [] }),
    { relation: { kind: relationKinds.reply, revision: 1 }, parts: [textPart("to nothing")] },
    relates("edit", id, { parts: [] }),
    { ...deletes(id), parts: [textPart("why")] },
    relates("react", id, { key: "+", parts: [textPart("+"), textPart("-")] }),
    relates("react", id),
    { relation: { kind: relationKinds.react, target: id, revision: 1, key: "0xff" }, parts: [textPart("+")] },
    { relation: { kind: relationKinds.delete, revision: 1 }, parts: [] },
  ];
  assert.ok(relation);
  for (const body of broken) {
    bothOrders([post, say(1, body)], (timeline) => {
      assert.deepEqual(items(timeline), items(play([post])));
      assert.notDeepEqual(digests(timeline), digests(play([post])));
    });
  }
});

test("replies and kinds that nobody knows stand or are silent by their number alone", () => {
  const post = say(1, says("first"));
  const { id } = post.message;
  const reply = say(2, relates("reply", id));
  assert.equal(itemOf(play([reply]), reply).replyTo, id, "before what it answers has come");
  for (const kind of [2, 63, 128, 191]) {
    const poll = say(2, relates(kind, id, { parts: [{ type: "x/poll", fallback: "A poll" }] }));
    const item = itemOf(play([post, poll]), poll);
    assert.deepEqual([item.text, item.relation?.kind, item.replyTo], ["A poll", kind, undefined]);
    const timeline = play([post, poll, say(2, deletes(poll.message.id))]);
    assert.equal(itemOf(timeline, poll).state, "deleted");
  }
  for (const kind of [69, 127, 192, 255]) {
    const timeline = play([post, say(2, relates(kind, id))]);
    assert.equal(items(timeline).length, 1);
    const silent = timeline.records().flatMap((record) => silentMessage(record) ?? []);
    assert.deepEqual(
      silent.map(({ relation }) => relation.kind),
      [kind],
    );
  }
  const known = play([post, reply, say(1, relates("edit", id)), react(2, post, "+")]);
  assert.deepEqual(
    known.records().flatMap((record) => silentMessage(record) ?? []),
    [],
  );
});

const stateOf = (timeline: TimelineInMemory) => ({ records: timeline.records(), digests: digests(timeline) });

test("shuffled and repeated sets give the same timeline and digests", () => {
  fc.assert(
    fc.property(anyOrder, ({ facts, order, repeated }) => {
      assert.deepEqual(stateOf(play([...order, ...repeated])), stateOf(play(facts)));
    }),
    { numRuns: 600 },
  );
});

test("what a reorganization takes and gives back leaves no trace", () => {
  fc.assert(
    fc.property(anyOrder, fc.nat(EPOCHS - 1), ({ facts, order }, epoch) => {
      const timeline = play(order);
      const moved = new Set(
        facts.filter(({ opening }) => opening.epoch >= epoch).map(({ message }) => message.id),
      );
      const verdicts = new Map(facts.map(({ opening }) => [opening.envelope, opening.verdict]));
      const judge = (verdict: (one: Opening) => MessageVerdict) => (openings: readonly Opening[]) =>
        openings.map((one) => (one.epoch >= epoch ? { ...one, verdict: verdict(one) } : one));
      for (const id of moved)
        timeline.reopen(
          id,
          judge(() => "void"),
        );
      const undone = facts.map(({ message, opening }) => ({
        message,
        opening: opening.epoch >= epoch ? { ...opening, verdict: "void" as const } : opening,
      }));
      assert.deepEqual(stateOf(timeline), stateOf(play(undone)));
      for (const id of [...moved].toReversed()) {
        timeline.reopen(
          id,
          judge(({ envelope }) => verdicts.get(envelope) ?? "counts"),
        );
      }
      assert.deepEqual(stateOf(timeline), stateOf(play(facts)));
    }),
    { numRuns: 400 },
  );
});

test("a build that lacks a kind and one that has it end with equal digests", () => {
  const kinds = [...relationRules.keys()].filter((kind) => kind !== relationKinds.delete);
  let differed = 0;
  fc.assert(
    fc.property(anyFacts, fc.subarray(kinds, { minLength: 1 }), (facts, lacking) => {
      const rules = new Map([...relationRules].filter(([kind]) => !lacking.includes(kind)));
      const [older, newer] = [play(facts, timelineInMemory(rules)), play(facts)];
      assert.deepEqual(digests(older), digests(newer));
      if (JSON.stringify(older.records()) !== JSON.stringify(newer.records())) differed++;
    }),
    { numRuns: 300 },
  );
  assert.ok(differed > 20, "what they show does differ");
});

test("a hostile member's depths, revisions and ids change nothing of others' registers", () => {
  const hostile = 3;
  fc.assert(
    fc.property(anyFacts, fc.array(fc.nat(2 ** 32 - 1), { minLength: 8, maxLength: 8 }), (facts, numbers) => {
      const honest = facts.filter(({ message }) => message.content.inbox !== same(hostile));
      const junk = honest.flatMap(({ message }, i) => {
        const { relation } = message.content;
        if (!relation?.target) return [];
        const revision = numbers[i % numbers.length] ?? 0;
        const body = { relation: { ...relation, revision }, parts: message.content.parts };
        return [say(hostile, body, { epoch: EPOCHS - 1, depth: 1 + (revision % 2 ** 31) })];
      });
      const shownBy = (timeline: TimelineInMemory) =>
        items(timeline)
          .filter(({ author }) => author !== same(hostile))
          .map(({ reactions, ...item }) => ({
            ...item,
            reactions: reactions
              ?.map(({ text, inboxes }) => ({
                text,
                inboxes: inboxes.filter((one) => one !== same(hostile)),
              }))
              .filter(({ inboxes }) => inboxes.length > 0),
          }))
          .map(({ reactions, ...item }) => ({ ...item, reactions: reactions ?? [] }));
      assert.deepEqual(shownBy(play([...honest, ...junk])), shownBy(play(honest)));
    }),
    { numRuns: 300 },
  );
});
