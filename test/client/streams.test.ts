import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { randomBytes } from "#crypto";
import { crashAtNextWrite } from "../../src/client/crashAtNextWrite.ts";
import { tables } from "../../src/client/database/tables.ts";
import { changeGroup } from "../../src/client/group/changeGroup.ts";
import type { Group } from "../../src/client/group/group.ts";
import { JOURNAL_KEPT } from "../../src/client/group/journal.ts";
import { type ArrivedMessage, listEntries, listMessages, messages, stream } from "../../src/index.ts";
import { settled } from "../../src/reconciler/records/intent.ts";
import type { Outcome } from "../../src/reconciler/records/outcome.ts";
import type { Verdict } from "../../src/reconciler/records/verdict.ts";
import { asId, type EntryId, type EnvelopeHash, type GroupId, type InboxId } from "../../src/wire/ids.ts";
import { messageIdOf } from "../../src/wire/messageContent.ts";
import { changesSince, type Numbered, numberNow } from "../support/changesSince.ts";
import { deletes, relates, says } from "../support/contents.ts";
import { addOfflineGroup, type OfflineClient, openOfflineClient } from "../support/openOfflineClient.ts";
import { contentOf, show } from "../support/showOffline.ts";
import { testIntent } from "../support/testIntent.ts";

const OTHER = asId<InboxId>(new Uint8Array(32).fill(2));
let offline: OfflineClient;
before(async () => {
  offline = await openOfflineClient();
});
after(async () => await offline[Symbol.asyncDispose]());

const addGroup = () =>
  addOfflineGroup({ core: offline.core, group: asId<GroupId>(randomBytes(32)), epochs: 3 });
const groupAgain = ({ id }: Group) => offline.core.groups.get(id) ?? assert.fail("the group is gone");
const say = async (group: Group, text: string, inbox = OTHER) => {
  const content = contentOf(offline, group, says(text), inbox);
  await show(offline, group, content);
  return content;
};

/** The texts of the next so many messages; the last of them is not done with when this returns. */
async function next(
  count: number,
  params: Omit<Parameters<typeof messages>[0], "client">,
): Promise<ArrivedMessage[]> {
  const found: ArrivedMessage[] = [];
  for await (const message of messages({ client: offline.client, ...params })) {
    found.push(message);
    if (found.length === count) break;
  }
  return found;
}
const textsOf = (found: readonly ArrivedMessage[]) => found.map(({ text }) => text);

test("a consumer goes on where it was, and has again what it was working on", async () => {
  const group = await addGroup();
  await say(group, "before anybody listens");
  const consumer = "bot";
  const listening = next(2, { consumer });
  await new Promise((resolve) => setImmediate(resolve));
  await say(group, "one");
  await say(group, "mine", offline.inbox);
  await say(group, "two");
  assert.deepEqual(textsOf(await listening), ["one", "two"]);
  await say(group, "three");
  assert.deepEqual(textsOf(await next(2, { consumer })), ["two", "three"]);
  offline = await offline.reopen();
  const again = groupAgain(group);
  await say(again, "four");
  assert.deepEqual(textsOf(await next(2, { consumer })), ["three", "four"]);
  assert.deepEqual(textsOf(await next(1, { consumer: "another", since: 0 })), ["before anybody listens"]);
});

test("edits, reactions and second sealings are no messages; what was deleted meanwhile does not come", async () => {
  const group = await addGroup();
  const since = (await next(1, { since: 0 }).catch(() => []))[0]?.number ?? 0;
  const first = await say(group, "first");
  const second = await say(group, "second");
  const id = messageIdOf(first);
  await show(offline, group, contentOf(offline, group, relates("edit", id), OTHER));
  await show(offline, group, contentOf(offline, group, relates("react", id, { key: "+" }), OTHER));
  await show(offline, group, first, { epoch: 2 });
  await show(offline, group, contentOf(offline, group, deletes(messageIdOf(second)), OTHER));
  await say(group, "third");
  const found = await next(2, { since, group: group.id });
  assert.deepEqual(textsOf(found), ["again", "third"], "as it stands now");
  assert.ok(found[0] && found[1] && found[0].number < found[1].number);
});

test("one group's messages are read without the others', each in its order", async () => {
  const [a, b] = [await addGroup(), await addGroup()];
  const since = numberNow(offline.client);
  for (const i of [1, 2, 3]) {
    await say(a, `a${i}`);
    await say(b, `b${i}`);
  }
  assert.deepEqual(textsOf(await next(3, { since, group: b.id })), ["b1", "b2", "b3"]);
  assert.deepEqual(textsOf(await next(6, { since })), ["a1", "b1", "a2", "b2", "a3", "b3"]);
});

test("a stream ends with its signal or its client", async () => {
  const ending = new AbortController();
  const listening = next(1, { signal: ending.signal });
  await new Promise((resolve) => setImmediate(resolve));
  ending.abort();
  assert.deepEqual(await listening, []);
  const other = next(1, {});
  await new Promise((resolve) => setImmediate(resolve));
  offline = await offline.reopen();
  assert.deepEqual(await other, []);
});

/** What a list would hold that follows what is told. */
function follow(shown: Map<string, unknown>, told: readonly Numbered[]): void {
  for (const event of told) {
    if (event.kind === "shown") shown.set(event.item.cursor, event.item);
    if (event.kind === "hidden") shown.delete(event.cursor);
  }
}

test("a reader that comes back anywhere has each number once, and in the end what a list has", async () => {
  const group = await addGroup();
  const common = { client: offline.client, group: group.id };
  const begin = numberNow(offline.client);
  const first = await say(group, "first");
  const id = messageIdOf(first);
  await show(offline, group, contentOf(offline, group, relates("edit", id), OTHER));
  await show(offline, group, contentOf(offline, group, relates("react", id, { key: "+" }), OTHER));
  const gone = await say(group, "gone");
  await show(offline, group, gone, { epoch: 2 });
  await show(offline, group, contentOf(offline, group, deletes(messageIdOf(gone)), OTHER), { epoch: 2 });
  await show(offline, group, contentOf(offline, group, relates(199, id), OTHER));
  const all = await changesSince({ ...common, since: begin });
  const items = (await listMessages(common)).map(({ delivery: _, ...item }) => item);
  for (const { number } of all) {
    const before = all.filter((event) => event.number <= number);
    const after = await changesSince({ ...common, since: number });
    assert.deepEqual([...before, ...after], all, "nothing twice, nothing left out");
    const shown = new Map<string, unknown>();
    follow(shown, before);
    follow(shown, after);
    assert.deepEqual(
      [...shown].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item),
      items,
    );
  }
  assert.ok(all.some((event) => event.kind === "silent" && event.message.relation.kind === 199));
  assert.ok(all.some((event) => event.kind === "conversation" && event.unread === 1));
});

test("what changes while a reader catches up comes in its place: there is no seam", async () => {
  const group = await addGroup();
  const since = numberNow(offline.client);
  for (let i = 0; i < 100; i++) await say(group, `${i}`);
  const numbers: number[] = [];
  const texts: string[] = [];
  let later: Promise<unknown> | undefined;
  for await (const event of stream({ client: offline.client, group: group.id, since })) {
    if (!("number" in event)) continue;
    numbers.push(event.number);
    if (event.kind !== "shown" || event.item.kind !== "message") continue;
    texts.push(event.item.text ?? "");
    if (texts.length === 50)
      later = Promise.all(Array.from({ length: 20 }, (_, i) => say(group, `${100 + i}`)));
    if (texts.length === 120) break;
  }
  await later;
  assert.equal(new Set(texts).size, 120, "each once");
  assert.deepEqual(
    numbers,
    numbers.map((_, i) => since + 1 + i),
    "no number is left out",
  );
});

test("a text that was edited or taken away since is in no replay", async () => {
  const group = await addGroup();
  const since = numberNow(offline.client);
  const said = await say(group, "regretted");
  const id = messageIdOf(said);
  await show(offline, group, contentOf(offline, group, relates("edit", id), OTHER));
  await say(group, "secret").then(async (content) => {
    await show(offline, group, contentOf(offline, group, deletes(messageIdOf(content)), OTHER));
  });
  const told = JSON.stringify(await changesSince({ client: offline.client, group: group.id, since }));
  const isIn = (text: string) => told.includes(`"text":"${text}"`);
  assert.deepEqual(["again", "regretted", "secret"].map(isIn), [true, false, false]);
});

test("who lacks changes that are gone, or names a number that never was, is told", async () => {
  const group = await addGroup();
  await say(group, "one");
  const { journal, database } = offline.core;
  const now = numberNow(offline.client);
  const firstOf = async (since: number) => {
    for await (const event of stream({ client: offline.client, since })) return event.kind;
    return undefined;
  };
  assert.notEqual(await firstOf(now - 1), "missed");
  assert.equal(
    await firstOf(now + 7),
    "missed",
    "of another database, or from before its last words were lost",
  );
  // As if so many changes had been made since.
  journal.next += JOURNAL_KEPT + 2_000;
  const content = await say(group, "two");
  assert.equal(await firstOf(now), "missed");
  const kept: number[] = [];
  for await (const { fields } of tables.journal.rows(database)) kept.push(Number(fields.number));
  assert.ok(kept.every((number) => number > now) && kept.length > 0, "what is beyond the bound is gone");
  assert.deepEqual(textsOf(await next(1, { since: now })), ["two"]);
  offline = await offline.reopen();
  assert.equal(await firstOf(now), "missed", "and still after a restart");
  assert.ok(content);
  for (const since of [-1, 1.5, Number.NaN]) {
    await assert.rejects(next(1, { since }), { code: "bad-cursor" });
  }
});

test("a process that dies at a write has either the change with its number or neither", async () => {
  for (const takesEffect of [true, false]) {
    const group = await addGroup();
    const common = { consumer: `bot ${takesEffect}`, group: group.id };
    await say(group, "zero");
    assert.deepEqual(textsOf(await next(1, { ...common, since: 0 })), ["zero"]);
    const last = numberNow(offline.client);
    const crashed = crashAtNextWrite({ client: offline.client, takesEffect });
    await assert.rejects(say(group, "one"));
    await crashed;
    offline = await offline.reopen();
    const again = groupAgain(group);
    const told = await changesSince({ client: offline.client, group: group.id, since: last });
    const isThere = (await listMessages({ client: offline.client, group: group.id })).length === 2;
    assert.equal(isThere, takesEffect);
    assert.equal(
      told.some((event) => event.kind === "shown" && event.isNew),
      takesEffect,
    );
    await say(again, "two");
    const expected = takesEffect ? ["zero", "one", "two"] : ["zero", "two"];
    assert.deepEqual(textsOf(await next(expected.length, common)), expected);
  }
});

test("outcomes, entries and how far an intent is are told, each as it is", async () => {
  const group = await addGroup();
  const { core, client } = offline;
  const at = { client, group: group.id };
  const since = numberNow(client);
  const envelope = asId<EnvelopeHash>(randomBytes(32));
  const outcome = (value: Outcome) =>
    changeGroup({
      core,
      group,
      change: {
        writes: [tables.outcome.put({ group: group.id, envelope }, { outcome: value, receivedAtMs: 0 })],
      },
    });
  await outcome({ kind: "held" });
  const [held] = await changesSince({ ...at, since });
  assert.deepEqual(held?.kind === "outcome" && held.outcome, { kind: "held" });
  await outcome({ kind: "rejected", reason: "unknown-head" });
  await outcome({ kind: "rejected", reason: "unknown-head" });
  const intent = testIntent({ group: group.id, action: { kind: "rotate" }, sequence: core.nextSequence++ });
  await changeGroup({ core, group, change: { intents: [intent] } });
  await changeGroup({ core, group, change: { intents: [{ ...intent, attempts: 1 }] } });
  await changeGroup({ core, group, change: { intents: [settled(intent, { kind: "delivered" })] } });
  const [, second] = listEntries(at).entries;
  const record = group.view.entries.get(second?.entry ?? group.id) ?? assert.fail();
  const by = asId<EntryId>(randomBytes(32));
  const verdict = { kind: "void", reason: "contradicts-tag", by } as const;
  await changeGroup({ core, group, change: { entries: [{ ...record, verdict }] } });
  await changeGroup({
    core,
    group,
    change: { droppedEntries: [group.view.entries.get(record.id) ?? record] },
  });
  const told = await changesSince({ ...at, since });
  assert.deepEqual(
    told.map((event) => event.kind),
    ["outcome", "outcome", "intent", "intent", "entry-gone", "entry-gone"],
    "not what comes to the same",
  );
  const [was, , sent] = told;
  assert.deepEqual(was?.kind === "outcome" && was.outcome, { kind: "rejected", reason: "unknown-head" });
  assert.deepEqual(sent?.kind === "intent" && sent.intent.outcome, { kind: "delivered" });
});

test("a group's entries are listed in the chain's order, with what became of each", async () => {
  const group = await addGroup();
  const { core, client } = offline;
  const at = { client, group: group.id };
  const before = listEntries(at).entries;
  assert.deepEqual(
    before.map(({ verdict }) => verdict.kind === "adopted" && verdict.epoch),
    [1, 2, 3],
  );
  const [first] = group.view.entries.values();
  assert.ok(first);
  const sibling = (index: number, verdict: Verdict) => ({
    ...first,
    ...{ id: asId<EntryId>(randomBytes(32)), index, logIndex: index, verdict },
  });
  const writer = { inbox: OTHER, installation: offline.core.self.installation.key };
  const control = { kind: "control", epoch: 1, writer, instruction: { kind: "leave" } } as const;
  const entries = [
    sibling(1, { kind: "dead" }),
    sibling(2, { kind: "refused", reason: "not-admin" }),
    sibling(3, control),
  ];
  await changeGroup({ core, group, change: { entries } });
  const dead = { parent: first.parent, block: first.block, logIndex: 9, count: 4, since: 1 };
  await changeGroup({ core, group, change: { dead: new Map([[first.parent, [dead]]]) } });
  const listed = listEntries(at);
  assert.deepEqual(
    listed.entries.map(({ index, verdict }) => `${index} ${verdict.kind}`),
    ["0 adopted", "1 dead", "2 refused", "3 control", "0 adopted", "0 adopted"],
  );
  const [, , refused, leave] = listed.entries;
  assert.deepEqual(refused?.verdict, { kind: "refused", reason: "not-admin" });
  assert.deepEqual(leave?.verdict, { kind: "control", epoch: 1, writer, control: "leave" });
  assert.deepEqual(listed.dead, [{ parent: first.parent, count: 4, lastBlock: first.block.number }]);
  assert.throws(() => listEntries({ client, group: asId<GroupId>(randomBytes(32)) }), {
    code: "unknown-group",
  });
});
