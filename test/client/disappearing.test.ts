import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { randomBytes } from "#crypto";
import { crashAtNextWrite } from "../../src/client/crashAtNextWrite.ts";
import { tables } from "../../src/client/database/tables.ts";
import { changeGroup } from "../../src/client/group/changeGroup.ts";
import type { Group } from "../../src/client/group/group.ts";
import { eraseExpired } from "../../src/client/messages/eraseExpired.ts";
import { readMessage } from "../../src/client/messages/readMessage.ts";
import { relatedAgain } from "../../src/client/messages/resealed.ts";
import { wallMs } from "../../src/clock/wallMs.ts";
import {
  editMessage,
  groupStatus,
  listConversations,
  listMessages,
  reactToMessage,
  searchMessages,
  sendMessage,
  setDisappearing,
} from "../../src/index.ts";
import { settled } from "../../src/reconciler/records/intent.ts";
import type { MessageRecord } from "../../src/reconciler/records/timelineRecord.ts";
import { expiryOf } from "../../src/reconciler/timeline/expiry.ts";
import { asId, type GroupId, type InboxId, type MessageId } from "../../src/wire/ids.ts";
import { messageIdOf } from "../../src/wire/messageContent.ts";
import { changesSince, numberNow } from "../support/changesSince.ts";
import { deletes, relates, says } from "../support/contents.ts";
import { addOfflineGroup, type OfflineClient, openOfflineClient } from "../support/openOfflineClient.ts";
import { openTestGroup } from "../support/openTestGroup.ts";
import { contentOf, show } from "../support/showOffline.ts";
import { startTestNetwork } from "../support/startTestNetwork.ts";
import { testIntent } from "../support/testIntent.ts";
import { until } from "../support/until.ts";

const OTHER = asId<InboxId>(new Uint8Array(32).fill(2));
const delivered = { kind: "delivered" } as const;
/** In the future of whoever runs the test: nothing goes by itself. */
const LATER_MS = wallMs() + 24 * 3_600_000;

let offline: OfflineClient;
before(async () => {
  offline = await openOfflineClient();
});
after(async () => await offline[Symbol.asyncDispose]());

const addGroup = () =>
  addOfflineGroup({ core: offline.core, group: asId<GroupId>(randomBytes(32)), epochs: 3 });
const groupAgain = ({ id }: Group) => offline.core.groups.get(id) ?? assert.fail("the group is gone");
const later = (seconds: number, atMs = LATER_MS) => ({ expiry: { seconds, atMs } });
const itemOf = async (group: Group, id: MessageId) => {
  const items = await listMessages({ client: offline.client, group: group.id });
  return items.find((item) => item.kind === "message" && item.id === id);
};
const recordOf = async (group: Group, id: MessageId): Promise<MessageRecord | undefined> =>
  await readMessage({ database: offline.core.database, group: group.id, id });
const erase = async ({ id }: Group, message: MessageId, atMs = LATER_MS) => {
  const { core } = offline;
  const group = core.groups.get(id) ?? assert.fail("the group is gone");
  const { intents } = group.view;
  const { change } = await eraseExpired({ core, group: id, intents, message, atMs, nowMs: atMs });
  await changeGroup({ core, group, change });
};
/** Everything that the database holds, as text. */
const everything = async (): Promise<string> => {
  const rows: string[] = [];
  for await (const [key, value] of offline.core.database.level.iterator()) {
    rows.push(Buffer.from(key).toString("latin1"), Buffer.from(value).toString("latin1"));
  }
  return rows.join("\n");
};

test("what disappears leaves its place, author and digest, and nothing that was said", async () => {
  const group = await addGroup();
  const at = { client: offline.client, group: group.id };
  const digest = async () => (await groupStatus(at)).digests.get(1);
  const word = (name: string) => `${name}${group.id.slice(2, 10)}`;
  const since = numberNow(offline.client);
  const said = contentOf(offline, group, says(word("body")), OTHER);
  const id = messageIdOf(said);
  await show(offline, group, said, later(60));
  const edit = relates("edit", id, { parts: says(word("edit")).parts });
  await show(offline, group, contentOf(offline, group, edit, OTHER), later(60, LATER_MS + 1));
  const reaction = contentOf(offline, group, relates("react", id, { key: word("key") }));
  await show(offline, group, reaction, later(60, LATER_MS + 2));
  const before = await digest();
  assert.equal((await itemOf(group, id))?.kind, "message");
  assert.equal((await listConversations(at)).find((one) => one.group === group.id)?.unread, 1);
  await erase(group, id);
  const item = await itemOf(group, id);
  assert.ok(item?.kind === "message");
  assert.deepEqual(
    [item.state, item.text, item.parts, item.reactions, item.edit, item.author],
    ["expired", undefined, [], undefined, undefined, OTHER],
  );
  assert.equal(await digest(), before, "others have it still, and have the same digest");
  const listed = (await listConversations(at)).find((one) => one.group === group.id);
  assert.deepEqual([listed?.unread, listed?.last], [0, undefined]);
  assert.deepEqual((await searchMessages({ ...at, text: word("edit") })).found, []);
  const all = await everything();
  for (const name of ["body", "edit", "key"]) assert.ok(!all.includes(word(name)), name);
  const told = await changesSince({ ...at, since });
  const last = told.findLast((event) => event.kind === "shown");
  assert.equal(last?.item.kind === "message" && last.item.state, "expired");
  for await (const { fields } of tables.expiry.rows(offline.core.database)) {
    assert.notEqual(Buffer.from(fields.group).toString("hex"), group.id.slice(2), "nothing is left to do");
  }
});

test("what comes afterwards brings nothing back, and a deletion still counts", async () => {
  const group = await addGroup();
  const said = contentOf(offline, group, says("once"), OTHER);
  const id = messageIdOf(said);
  await show(offline, group, said, later(60));
  await erase(group, id);
  await show(offline, group, said, { epoch: 2, ...later(60, LATER_MS + 5) });
  await show(offline, group, contentOf(offline, group, relates("edit", id), OTHER));
  await show(offline, group, contentOf(offline, group, relates("react", id, { key: "+" }), OTHER));
  const item = await itemOf(group, id);
  assert.deepEqual(item?.kind === "message" && [item.state, item.text, item.reactions], [
    "expired",
    undefined,
    undefined,
  ]);
  assert.ok(!JSON.stringify(await recordOf(group, id)).includes("again"));
  const rows: unknown[] = [];
  const under = { group: group.id, target: id };
  for await (const { value } of tables.relation.rows(offline.core.database, { under })) rows.push(value);
  assert.deepEqual(rows, [], "no edit and no reaction is kept for it");
  const deletion = contentOf(offline, group, deletes(id), OTHER);
  await show(offline, group, deletion, { epoch: 2 });
  const deleted = await itemOf(group, id);
  assert.equal(deleted?.kind === "message" && deleted.state, "deleted");
  assert.equal((await recordOf(group, id))?.deleted, true, "as the digest of others has it");
});

test("an edit stays with a message that stays, and without its target goes by its own time", async () => {
  const group = await addGroup();
  const said = contentOf(offline, group, says("first"), OTHER);
  await show(offline, group, said);
  const edit = contentOf(offline, group, relates("edit", messageIdOf(said)), OTHER);
  await show(offline, group, edit, later(60));
  await erase(group, messageIdOf(edit));
  const item = await itemOf(group, messageIdOf(said));
  assert.equal(item?.kind === "message" && item.text, "again");
  assert.equal((await recordOf(group, messageIdOf(edit)))?.expiry, undefined, "it is looked at no more");
  const unseen = asId<MessageId>(randomBytes(32));
  const lonely = contentOf(offline, group, relates("edit", unseen), OTHER);
  await show(offline, group, lonely, later(60));
  await erase(group, messageIdOf(lonely));
  assert.deepEqual((await recordOf(group, messageIdOf(lonely)))?.content.parts, []);
});

test("an own message waits until it is out, and then goes from the outbox, too", async () => {
  const group = await addGroup();
  const { core } = offline;
  const said = contentOf(offline, group, says("mine"));
  const message = messageIdOf(said);
  const action = { kind: "send", content: said, message } as const;
  const intent = testIntent({ group: group.id, action, sequence: core.nextSequence++ });
  await changeGroup({ core, group, change: { intents: [{ ...intent, replaces: [asId(randomBytes(32))] }] } });
  await show(offline, group, said, later(60));
  await erase(group, message);
  const waiting = (await recordOf(group, message))?.expiry?.atMs;
  assert.equal(waiting, LATER_MS + 60_000, "it begins anew");
  await changeGroup({ core, group, change: { intents: [settled(intent, delivered)] } });
  await erase(group, message, waiting);
  const stored = await tables.outbox.get(core.database, { sequence: intent.sequence });
  assert.ok(stored?.action.kind === "send" && stored.action.isExpired);
  assert.deepEqual(stored.action.content.parts, []);
  const record = (await recordOf(group, message)) ?? assert.fail();
  const [opening] = record.openings;
  const changes = [{ kind: "put", record: { ...record, openings: [{ ...opening, epoch: 3 }] } }] as const;
  const again = await relatedAgain({ core, database: core.database, group, changes });
  assert.deepEqual(again, [], "nothing of it is sealed again");
});

test("messages go when they are due, many reactions with them, also after a restart", async () => {
  const group = await addGroup();
  const old = contentOf(offline, group, says("old"), OTHER);
  const id = messageIdOf(old);
  const next = contentOf(offline, group, says("new"), OTHER);
  await show(offline, group, old, later(1, LATER_MS));
  for (let i = 0; i < 70; i++) {
    const by = asId<InboxId>(randomBytes(32));
    await show(offline, group, contentOf(offline, group, relates("react", id, { key: "+" }), by));
  }
  await show(offline, group, next, later(60, LATER_MS + 1));
  // It is due while nobody runs.
  const due = wallMs() - 1;
  const record = (await recordOf(group, id)) ?? assert.fail();
  const key = { epoch: 1, rank: 1, id };
  await offline.core.database.level.batch([
    tables.timeline.put({ group: group.id, ...key }, { ...record, expiry: { seconds: 1, atMs: due } }),
    tables.expiry.put({ at: due, group: group.id, id }, new Uint8Array(0)),
  ]);
  offline = await offline.reopen();
  const again = groupAgain(group);
  await until("it is gone", async () => {
    const item = await itemOf(again, id);
    return item?.kind === "message" && item.state === "expired";
  });
  const rest = await itemOf(again, messageIdOf(next));
  assert.ok(rest?.kind === "message");
  assert.deepEqual([rest.text, rest.expiresAtMs], ["new", LATER_MS + 1]);
});

test("a process that dies while it erases has all of a message or nothing of it, and goes on", async () => {
  for (const takesEffect of [true, false]) {
    const group = await addGroup();
    const said = contentOf(offline, group, says("gone soon"), OTHER);
    await show(offline, group, said, later(60));
    const crashed = crashAtNextWrite({ client: offline.client, takesEffect });
    await assert.rejects(erase(group, messageIdOf(said)));
    await crashed;
    offline = await offline.reopen();
    const again = groupAgain(group);
    const item = await itemOf(again, messageIdOf(said));
    assert.equal(item?.kind === "message" && item.state, takesEffect ? "expired" : "visible");
    await erase(again, messageIdOf(said));
    const after = await itemOf(again, messageIdOf(said));
    assert.equal(after?.kind === "message" && after.state, "expired");
  }
});

test("time counts from the first receipt, but from no time that can't be", () => {
  const at = { seconds: 60, epochBeganMs: 1_000_000, nowMs: 2_000_000 };
  const from = (...times: number[]) =>
    (expiryOf({ ...at, receipts: times.map((timeMs) => ({ timeMs })) })?.atMs ?? 0) - 60_000;
  assert.deepEqual(
    [from(), from(1_500_000, 1_400_000), from(3_000_000), from(5)],
    [2_000_000, 1_400_000, 2_000_000, 1_000_000],
  );
  assert.equal(expiryOf({ ...at, seconds: 0, receipts: [] }), undefined);
});

test("admins set it, everybody's device follows by itself, and what was said before stays", async () => {
  await using network = await startTestNetwork({ nodes: 2 });
  await using opened = await openTestGroup({ network, names: ["alice", "bob"] });
  const { group, members } = opened;
  const [alice, bob] = members;
  assert.ok(alice && bob);
  await (await sendMessage({ ...alice, group, text: "stays" })).settled;
  const refused = await setDisappearing({ ...bob, group, seconds: 2 });
  assert.deepEqual(await refused.settled, { kind: "failed", reason: "not-permitted" });
  await assert.rejects(setDisappearing({ ...alice, group, seconds: -1 }), { code: "bad-config" });
  await assert.rejects(setDisappearing({ ...alice, group, seconds: 1e9 }), { code: "bad-config" });
  assert.deepEqual(await (await setDisappearing({ ...alice, group, seconds: 2 })).settled, delivered);
  const again = await setDisappearing({ ...alice, group, seconds: 2 });
  assert.deepEqual(await again.settled, { kind: "failed", reason: "already-done" });
  await until("bob knows", async () => (await groupStatus({ ...bob, group })).disappearingSeconds === 2);
  const said = await sendMessage({ ...bob, group, text: "goes" });
  const message = said.messageId;
  await editMessage({ ...bob, group, message, text: "goes soon" });
  await reactToMessage({ ...bob, group, message, text: "👍" });
  assert.deepEqual(await said.settled, delivered);
  const statesOf = async ({ client }: typeof alice) =>
    (await listMessages({ client, group })).flatMap((item) =>
      item.kind === "message" ? [`${item.text} ${item.state}`] : [],
    );
  for (const one of [alice, bob]) {
    await until("it is gone", async () => (await statesOf(one)).includes("undefined expired"));
    assert.deepEqual(await statesOf(one), ["stays visible", "undefined expired"]);
    const shown = (await listMessages({ ...one, group })).flatMap((item) =>
      item.kind === "membership" ? item.changes : [],
    );
    assert.deepEqual(shown.at(-1), { kind: "disappearing", seconds: 2 });
  }
  const [mine, theirs] = await Promise.all([alice, bob].map((one) => groupStatus({ ...one, group })));
  assert.deepEqual(mine?.digests, theirs?.digests);
});
