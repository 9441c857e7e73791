import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { randomBytes } from "#crypto";
import { tables } from "../../src/client/database/tables.ts";
import type { Group } from "../../src/client/group/group.ts";
import { followPositions, takeNotes } from "../../src/client/own/takeNotes.ts";
import {
  type GroupId,
  type InboxId,
  isWeftError,
  listConversations,
  listGroups,
  listNames,
  markRead,
  setDraft,
  setName,
  stream,
} from "../../src/index.ts";
import type { MessageBody } from "../../src/reconciler/timeline/composeMessage.ts";
import { cursorOf } from "../../src/reconciler/timeline/timelineItem.ts";
import { u64, utf8 } from "../../src/wire/bytes.ts";
import { asId, fromHex, type Hex, toHex } from "../../src/wire/ids.ts";
import { MAX_GIVEN_NAME_BYTES, MAX_NOTE_BYTES, MAX_NOTES } from "../../src/wire/limits.ts";
import { layNotes, NOTES_TYPE, type Note, noteKinds, readNotes } from "../../src/wire/notes.ts";
import { relationKinds } from "../../src/wire/relation.ts";
import { says } from "../support/contents.ts";
import { addOfflineGroup, type OfflineClient, openOfflineClient } from "../support/openOfflineClient.ts";
import { contentOf, show } from "../support/showOffline.ts";

const CAROL = asId<InboxId>(new Uint8Array(32).fill(2));
const EPOCHS = 3;

let offline: OfflineClient;
let room: Group;
before(async () => {
  offline = await openOfflineClient();
  const closed = { kind: "own", inboxes: [offline.inbox] } as const;
  room = await add({ closed, name: "" });
});
after(async () => await offline[Symbol.asyncDispose]());

const add = (record = {}) =>
  addOfflineGroup({
    ...{ core: offline.core, group: asId<GroupId>(randomBytes(32)), epochs: EPOCHS },
    record: { members: [offline.inbox, CAROL], ...record },
  });
const id = (): Hex => toHex(randomBytes(16));
const note = (fields: Partial<Note> & Pick<Note, "kind" | "subject">): Note => ({
  ...{ epoch: 1, revision: 1, id: id(), value: utf8("value") },
  ...fields,
});
const says68 = (...notes: readonly Note[]): MessageBody => ({
  relation: { kind: relationKinds.notes, revision: 1 },
  parts: [{ type: NOTES_TYPE, data: layNotes(notes) }],
});

/** A device of this person's, or somebody else, says this in the room, or elsewhere; then it is taken. */
async function tell(body: MessageBody, { group = room, by = offline.inbox, epoch = EPOCHS } = {}) {
  await show(offline, group, contentOf(offline, group, body, by), { epoch });
  await takeNotes(offline.core);
}

const draftOf = async (group: Group) =>
  (await listConversations(offline)).find((one) => one.group === group.id)?.draft;
const rowOf = (kind: number, subject: Hex) => tables.note.get(offline.core.database, { kind, subject });
const untaken = async () => {
  let count = 0;
  for await (const _ of tables.untaken.rows(offline.core.database)) count++;
  return count;
};
const code = (expected: string) => (error: unknown) => isWeftError(error) && error.code === expected;

test("notes are laid out so, and nothing else is read", () => {
  const one = note({
    kind: 3,
    subject: CAROL,
    epoch: 2,
    revision: 5,
    id: `0x${"0a".repeat(16)}`,
    value: utf8("C"),
  });
  const bytes = layNotes([one]);
  const head = `03${"02".repeat(32)}0000000000000002${"00000005"}${"0a".repeat(16)}0001`;
  assert.equal(toHex(bytes), `0x${head}43`);
  assert.deepEqual(readNotes(layNotes([one, one])), [one, one]);
  assert.deepEqual(readNotes(new Uint8Array()), []);
  for (let length = 1; length < bytes.length; length++) {
    assert.throws(() => readNotes(bytes.subarray(0, length)), code("malformed"));
  }
  assert.throws(() => readNotes(layNotes([{ ...one, kind: 0 }])), code("malformed"));
  const large = note({ kind: 3, subject: CAROL, value: new Uint8Array(MAX_NOTE_BYTES + 1) });
  assert.throws(() => readNotes(layNotes([large])), code("too-large"));
  const many = layNotes(Array.from({ length: MAX_NOTES + 1 }, () => one));
  assert.throws(() => readNotes(many), code("too-large"));
  const far = bytes.slice();
  far.fill(0xff, 33, 41);
  assert.throws(() => readNotes(far), code("malformed"));
});

test("in whatever order and however often notes come, the same stand: by epoch, revision and id, places by the greatest", async () => {
  const draft = { kind: noteKinds.draft };
  const place = (epoch: number, rank: number) =>
    fromHex(cursorOf({ epoch, rank, id: `0x${"01".repeat(32)}` }));
  const orders = [
    [0, 1, 2, 3, 4, 5, 6],
    [6, 5, 4, 3, 2, 1, 0],
    [3, 0, 6, 2, 5, 1, 4, 0, 3],
  ];
  for (const order of orders) {
    const group = await add();
    const subject = group.id;
    const notes = [
      note({ ...draft, subject, epoch: 3, revision: 1, id: `0x${"02".repeat(16)}`, value: utf8("last") }),
      note({ ...draft, subject, epoch: 3, revision: 1, id: `0x${"01".repeat(16)}`, value: utf8("less") }),
      note({ ...draft, subject, epoch: 2, revision: 2 ** 32 - 1, value: utf8("a claim") }),
      note({ ...draft, subject, epoch: 1, revision: 9, value: utf8("first") }),
      note({ kind: noteKinds.readPosition, subject, epoch: 1, value: place(2, 7) }),
      note({ kind: noteKinds.readPosition, subject, epoch: 3, revision: 7, value: place(2, 6) }),
      note({ kind: 200, subject, value: utf8("of a later version") }),
    ];
    for (const i of order) await tell(says68(notes[i] ?? assert.fail()));
    assert.equal(await draftOf(group), "last");
    assert.deepEqual((await rowOf(noteKinds.readPosition, subject))?.value, place(2, 7));
    assert.deepEqual((await rowOf(200, subject))?.value, utf8("of a later version"));
  }
  assert.equal(await untaken(), 0);
});

test("a choice counts as one of the epoch to which it was sealed at the latest", async () => {
  const { id: subject } = await add();
  const far = note({ kind: noteKinds.name, subject: CAROL, epoch: 1_000_000, value: utf8("Mallory's") });
  await tell(says68(far), { epoch: 2 });
  await tell(says68(note({ kind: noteKinds.name, subject: CAROL, epoch: 3, value: utf8("Carol") })));
  assert.deepEqual([...(await listNames(offline))], [[CAROL, "Carol"]]);
  await setName({ ...offline, inbox: CAROL, name: "" });
  assert.deepEqual([...(await listNames(offline))], []);
  assert.equal((await rowOf(noteKinds.name, CAROL))?.room, undefined, "it is to be told");
  assert.equal(await rowOf(noteKinds.draft, subject), undefined);
});

test("what is told elsewhere than in an own room, by whomever, does nothing; nor does what has another form", async () => {
  const group = await add();
  const { id: subject } = group;
  const good = note({ kind: noteKinds.draft, subject });
  await tell(says68(good), { group });
  await tell(says68(good), { group, by: CAROL });
  const strangers = await add({ closed: { kind: "own", inboxes: [CAROL] } });
  await tell(says68(good), { group: strangers, by: CAROL });
  const data = layNotes([good]);
  const relation = { kind: relationKinds.notes, revision: 1 };
  await tell({ relation, parts: [{ type: "text/plain", data }] });
  await tell({ relation, parts: [{ type: NOTES_TYPE }] });
  await tell({ relation, parts: [{ type: NOTES_TYPE, data: data.subarray(1) }] });
  await tell({ relation: { kind: 69, revision: 1 }, parts: [{ type: NOTES_TYPE, data }] });
  assert.equal(await draftOf(group), undefined);
  const bad: readonly Note[] = [
    note({ kind: noteKinds.conversationConsent, subject, value: Uint8Array.of(3) }),
    note({ kind: noteKinds.inboxConsent, subject: CAROL, value: new Uint8Array() }),
    note({ kind: noteKinds.name, subject: CAROL, value: new Uint8Array(MAX_GIVEN_NAME_BYTES + 1) }),
    note({ kind: noteKinds.draft, subject, value: Uint8Array.of(0xff) }),
    note({ kind: noteKinds.readPosition, subject, value: new Uint8Array(43) }),
    note({ kind: noteKinds.readPosition, subject, value: new Uint8Array(44).fill(0xff) }),
    note({ kind: noteKinds.told, subject, value: u64(1).subarray(1) }),
    note({ kind: noteKinds.told, subject, value: u64(EPOCHS + 1) }),
  ];
  await tell(says68(...bad));
  assert.equal(await untaken(), 0);
  for (const { kind, subject: about } of bad) {
    const row = await rowOf(kind, about);
    assert.ok(!row || bad.every((one) => one.id !== row.id));
  }
  await tell(says68(...bad, good));
  assert.equal(await draftOf(group), "value", "the rest of a message is taken");
});

test("a read position marks what is there, and once more what has come when the conversation is read to its end", async () => {
  const group = await add();
  const at = async () => (await listConversations(offline)).find((one) => one.group === group.id);
  let depth = 0;
  const say = async (text: string) =>
    await show(offline, group, { ...contentOf(offline, group, says(text), CAROL), depth: ++depth });
  await say("one");
  const { cursor } = (await at())?.last ?? assert.fail("said");
  const later = cursorOf({ epoch: 1, rank: 3, id: `0x${"ff".repeat(32)}` });
  const position = (value: Hex) =>
    note({ kind: noteKinds.readPosition, subject: group.id, value: fromHex(value) });
  await tell(says68(position(cursor)));
  assert.equal((await at())?.unread, 0);
  await tell(says68(position(later)));
  await say("two");
  assert.equal((await at())?.unread, 1);
  await followPositions(offline.core);
  assert.equal((await at())?.unread, 1, "it is not read to its end yet");
  Object.assign(group, { topicReadBy: "0x01", caughtUpBy: "0x01" });
  await followPositions(offline.core);
  assert.equal((await at())?.unread, 0);
  await say("three");
  await followPositions(offline.core);
  assert.equal((await at())?.unread, 1, "what comes later is unread");
  await markRead({ ...offline, group: group.id });
  const row = await rowOf(noteKinds.readPosition, group.id);
  assert.deepEqual([row?.value, row?.room], [fromHex(later), undefined], "a place never goes back");
});

test("an own room is listed nowhere and told nowhere", async () => {
  assert.ok(!listGroups(offline).some(({ group }) => group === room.id));
  const stop = new AbortController();
  const heard: string[] = [];
  const listening = (async () => {
    for await (const { kind } of stream({ ...offline, requests: true, signal: stop.signal }))
      heard.push(kind);
  })();
  await tell({ parts: [{ type: "", data: utf8("a text in there") }] });
  const group = await add();
  await setDraft({ ...offline, group: group.id, text: "dear" });
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  await listening;
  assert.deepEqual(heard, ["draft"]);
});

test("what can't be a name is refused by name", async () => {
  const { client } = offline;
  await assert.rejects(setName({ client, inbox: "0x1" as InboxId, name: "x" }), code("malformed"));
  await assert.rejects(setName({ client, inbox: CAROL, name: "\ud800" }), code("malformed"));
  const name = "x".repeat(MAX_GIVEN_NAME_BYTES + 1);
  await assert.rejects(setName({ client, inbox: CAROL, name }), code("too-large"));
});
