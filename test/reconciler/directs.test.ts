import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isWeftError } from "../../src/errors.ts";
import type { EntryRecord, GroupRecord, GroupStatus } from "../../src/reconciler/records/records.ts";
import { cursorOf } from "../../src/reconciler/timeline/timelineItem.ts";
import {
  boundsIn,
  compareInConversation,
  conversationCursor,
  conversationKey,
  placeOfEpoch,
  placesOf,
  readConversationCursor,
} from "../../src/reconciler/view/conversationOrder.ts";
import { compareDirects, directKindOf, directToWrite } from "../../src/reconciler/view/directs.ts";
import { emptyGroupView, viewOfGroup } from "../../src/reconciler/view/viewOfGroup.ts";
import { directIdOf, directKind } from "../../src/wire/groupKind.ts";
import type { GroupId, InboxId } from "../../src/wire/ids.ts";
import { adopted, before, entry, other as installation, viewWith } from "../support/testBranch.ts";
import { testId } from "../support/testIntent.ts";

const [me, you, third] = [testId<InboxId>(1), testId<InboxId>(2), testId<InboxId>(3)];
const kind = directKind(me, you);

/** A group of the conversation whose entries stand in these blocks, the first of them that of epoch 1. */
function groupOf(params: {
  id: number;
  blocks: readonly number[];
  status?: GroupStatus;
  members?: readonly InboxId[];
  /** The epoch by whose entry this client has joined: it can't judge that entry and those before it. */
  start?: number;
}) {
  const { id, blocks, status = "member", members = [me, you], start = 1 } = params;
  const group = testId<GroupId>(id);
  const at = (epoch: number) => testId<EntryRecord["id"]>(16 * id + epoch);
  const entries = blocks.map((number, i): EntryRecord => {
    const epoch = i + 1;
    const verdict = epoch <= start && start > 1 ? before(epoch) : adopted(epoch, installation);
    const block = { number, hash: "0x", time: 0 } as const;
    return { ...entry(1, 0, verdict), id: at(epoch), parent: i === 0 ? group : at(i), block };
  });
  const { record } = viewWith({ status, entries: [], start, head: Math.max(start, blocks.length) });
  const named: GroupRecord = { ...record, group, closed: kind, members, createdAtMs: id };
  const head = entries.at(-1)?.id ?? group;
  const from = { head: entries[start - 1]?.id ?? group, epoch: blocks.length === 0 ? 0 : start };
  const full = { ...named, head, epoch: blocks.length, start: from };
  const view = viewOfGroup({
    ...emptyGroupView(full),
    entries: new Map(entries.map((one) => [one.id, one])),
  });
  return { id: group, view };
}

const hasOther = ({ view }: ReturnType<typeof groupOf>) => view.record.members.includes(you);

test("a direct conversation is with the other of its two inboxes, and no group of a third inbox's", () => {
  assert.equal(directKindOf({ closed: kind }, me)?.other, you);
  assert.equal(directKindOf({ closed: kind }, you)?.other, me);
  assert.equal(directKindOf({ closed: kind }, third), undefined);
  assert.equal(directKindOf({ closed: { kind: "own", inboxes: [me] } }, me), undefined);
  assert.equal(directKindOf({}, me), undefined);
  assert.equal(directIdOf(kind), directIdOf(directKind(you, me)));
  assert.notEqual(directIdOf(kind), directIdOf(directKind(me, third)));
});

test("one writes to the group that came first, among those that one is in and where the other has a device", () => {
  const early = groupOf({ id: 9, blocks: [5, 50] });
  const late = groupOf({ id: 3, blocks: [7], members: [me, you] });
  const pick = (...groups: ReturnType<typeof groupOf>[]) => directToWrite({ groups, hasOther })?.id;
  assert.equal(pick(late, early), early.id);
  assert.equal(pick(early, late), early.id);
  const alone = groupOf({ id: 9, blocks: [5], members: [me] });
  assert.equal(pick(alone, late), late.id);
  assert.equal(pick(alone), alone.id, "the other may get a device there again");
  const coming = groupOf({ id: 4, blocks: [], status: "joining" });
  const mine = groupOf({ id: 5, blocks: [], status: "creating", members: [me] });
  assert.equal(pick(mine, late), late.id);
  assert.equal(pick(mine, alone, coming), alone.id);
  assert.equal(pick(mine), mine.id);
  assert.equal(pick(), undefined);
  for (const status of ["removed", "cut-off", "paused"] as const) {
    const over = groupOf({ id: 9, blocks: [5], status });
    assert.equal(pick(over), undefined);
    assert.equal(pick(over, late), late.id);
  }
});

test("who joined later counts a group from its first entry, too", () => {
  const joined = groupOf({ id: 9, blocks: [5, 20, 30], start: 3 });
  const founded = groupOf({ id: 3, blocks: [7] });
  assert.ok(compareDirects(joined.view, founded.view) < 0);
  assert.equal(directToWrite({ groups: [founded, joined], hasOther })?.id, joined.id);
});

test("epochs are ordered by the places of their entries; what has lost its place comes last", () => {
  const { view } = groupOf({ id: 9, blocks: [5, 20, 30] });
  const places = placesOf(view);
  const block = (epoch: number) => placeOfEpoch(places, epoch).block.number;
  assert.deepEqual([0, 1, 2, 3].map(block), [0, 5, 20, 30]);
  assert.ok(block(4) > 1e9);
  const joined = placesOf(groupOf({ id: 9, blocks: [5, 20, 30], start: 3 }).view);
  assert.equal(placeOfEpoch(joined, 2).block.number, 20);
});

const groups = [
  groupOf({ id: 9, blocks: [5, 20, 30] }),
  groupOf({ id: 3, blocks: [7, 8, 40] }),
  groupOf({ id: 12, blocks: [] }),
];
const keys = fc
  .record({
    group: fc.constantFrom(...groups),
    epoch: fc.constantFrom(1, 2, 3, 4, 5),
    rank: fc.nat(3),
    id: fc.nat(15),
  })
  .map(({ group: { id: group, view }, epoch, rank, id }) =>
    conversationKey({ group, places: placesOf(view), cursor: cursorOf({ epoch, rank, id: testId(id) }) }),
  );

test("cursors sort as the conversation does, and name their place again", () => {
  fc.assert(
    fc.property(keys, keys, (a, b) => {
      const [first, second] = [conversationCursor(a), conversationCursor(b)];
      const order = compareInConversation(a, b);
      assert.equal(Math.sign(order), first < second ? -1 : first > second ? 1 : 0);
      const { group, epoch, rank, id } = readConversationCursor(first);
      assert.deepEqual(
        { group, epoch, rank, id },
        { group: a.group, epoch: a.epoch, rank: a.rank, id: a.id },
      );
    }),
  );
  for (const junk of ["0x", "0x00", cursorOf({ epoch: 1, rank: 1, id: testId(1) }), "junk"] as const) {
    assert.throws(
      () => readConversationCursor(junk as `0x${string}`),
      (error) => isWeftError(error, "bad-cursor"),
    );
  }
});

test("what is read from the bounds of a place holds all that comes after it, or before it", () => {
  fc.assert(
    fc.property(keys, keys, (at, one) => {
      const group = groups.find(({ id }) => id === one.group);
      assert.ok(group);
      const { after, before: until } = boundsIn({ group: group.id, places: placesOf(group.view), at });
      const order = compareInConversation(one, at);
      const cursor = cursorOf(one);
      if (order > 0) assert.ok(!after || cursor > cursorOf(after));
      if (order < 0) assert.ok(!until || cursor < cursorOf(until));
    }),
  );
});
