import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { randomBytes } from "#crypto";
import { tables } from "../../src/client/database/tables.ts";
import { changeGroup } from "../../src/client/group/changeGroup.ts";
import type { Group } from "../../src/client/group/group.ts";
import { isDeleted, isSuperseded, relationKey } from "../../src/client/messages/relationStore.ts";
import { composeNext } from "../../src/client/outbox/composeNext.ts";
import { editMessage, reactToMessage, sendMessage } from "../../src/index.ts";
import { settled } from "../../src/reconciler/records/intent.ts";
import type { GapRecord } from "../../src/reconciler/records/timelineRecord.ts";
import { relationsOf } from "../../src/reconciler/timeline/relationsOf.ts";
import { asId, type EnvelopeHash, type GroupId, type InboxId } from "../../src/wire/ids.ts";
import { type MessageContent, messageIdOf } from "../../src/wire/messageContent.ts";
import { deletes, relates, says } from "../support/contents.ts";
import {
  addOfflineGroup,
  type OfflineClient,
  openOfflineClient,
  testEntryOf,
} from "../support/openOfflineClient.ts";
import { contentOf, show } from "../support/showOffline.ts";
import { testIntent } from "../support/testIntent.ts";

const EPOCHS = 3;
let offline: OfflineClient;
before(async () => {
  offline = await openOfflineClient();
});
after(async () => await offline[Symbol.asyncDispose]());

const addGroup = () =>
  addOfflineGroup({ core: offline.core, group: asId<GroupId>(randomBytes(32)), epochs: EPOCHS });

/** A relation of this client's that was delivered in epoch 1, and its target, which stands in that epoch. */
async function deliveredRelation(group: Group, audience: readonly InboxId[]) {
  const target = contentOf(offline, group, says("hello"));
  const content = contentOf(offline, group, relates("react", messageIdOf(target), { key: "+" }));
  const action = { kind: "send", content, message: messageIdOf(content) } as const;
  const sequence = offline.core.nextSequence++;
  const intent = testIntent({ action, sequence, group: group.id, audience });
  const change = { intents: [settled(intent, { kind: "delivered" })] };
  await changeGroup({ core: offline.core, group, change });
  await show(offline, group, content);
  return { target, content };
}

test("a relation whose target comes to stand in a later epoch is sealed again, if only those read it who could", async () => {
  const group = await addGroup();
  const { members } = group.view.record;
  const { target, content } = await deliveredRelation(group, members);
  const { intents } = await show(offline, group, target, { epoch: 2 });
  assert.deepEqual(
    intents.map(({ action, progress, replaces }) => [
      action.kind === "send" && action.message,
      progress.kind,
      replaces.length,
    ]),
    [[messageIdOf(content), "queued", 1]],
  );
  const again = await show(offline, group, content, { epoch: 2 });
  assert.deepEqual(again.intents, [], "it reaches its target now");
  const other = await addGroup();
  const few = await deliveredRelation(other, []);
  assert.deepEqual(
    (await show(offline, other, few.target, { epoch: 2 })).intents,
    [],
    "somebody would read it who could not",
  );
  const third = await addGroup();
  const near = await deliveredRelation(third, members);
  assert.deepEqual((await show(offline, third, near.target)).intents, [], "it reaches its own epoch");
});

test("an edit that was not delivered in its epoch is superseded by a later one of the same person", async () => {
  const group = await addGroup();
  const target = contentOf(offline, group, says("hello"));
  const id = messageIdOf(target);
  const place = { database: offline.core.database, group: group.id };
  const [first, second] = [1, 2].map((revision) =>
    contentOf(offline, group, relates("edit", id, { revision })),
  );
  assert.ok(first && second);
  const check = async (content: MessageContent) =>
    await isSuperseded({ ...place, id: messageIdOf(content), content });
  await show(offline, group, target);
  await show(offline, group, first, { verdict: "void" });
  assert.equal(await check(first), false);
  await show(
    offline,
    group,
    contentOf(
      offline,
      group,
      relates("edit", id, { revision: 9 }),
      asId<InboxId>(new Uint8Array(32).fill(2)),
    ),
  );
  assert.equal(await check(first), false, "by somebody else");
  await show(offline, group, second, { verdict: "void" });
  assert.equal(await check(first), true, "that waits to be sealed again itself");
  assert.equal(await check(second), false);
});

test("gaps, however many, move neither the depth nor the parents of what is said next", async () => {
  const group = await addGroup();
  const said = await show(
    offline,
    group,
    { ...contentOf(offline, group, says("hello")), depth: 7 },
    { epoch: EPOCHS },
  );
  const writes = Array.from({ length: 300 }, () => {
    const envelope = asId<EnvelopeHash>(randomBytes(32));
    const entry = testEntryOf(group.id, EPOCHS);
    const gap: GapRecord = { kind: "gap", envelope, epoch: EPOCHS, entry, reason: "does-not-open", atMs: 0 };
    return tables.timeline.put({ group: group.id, epoch: EPOCHS, rank: 2 ** 32 - 1, id: envelope }, gap);
  });
  await changeGroup({ core: offline.core, group, change: { writes } });
  const next = await composeNext({ core: offline.core, group, id: group.id, body: says("again") });
  assert.deepEqual([next.depth, next.parents], [8, [said.id]]);
});

test("one more reaction takes a few readings, however many its inbox has set already", async () => {
  const group = await addGroup();
  const { core } = offline;
  const { id } = await show(offline, group, contentOf(offline, group, says("hello")));
  const hostile = asId<InboxId>(new Uint8Array(32).fill(7));
  const react = (key: string) => contentOf(offline, group, relates("react", id, { key }), hostile);
  const writes = Array.from({ length: 1000 }, (_, i) => {
    const content = react(`${i}`);
    const envelope = asId<EnvelopeHash>(randomBytes(32));
    const opening = { epoch: 1, entry: testEntryOf(group.id, 1), envelope, verdict: "counts" } as const;
    const message = { id: messageIdOf(content), content, openings: [opening] as const };
    return relationsOf({ message }).map((one) => tables.relation.put(relationKey(group.id, one), one));
  });
  await changeGroup({ core, group, change: { writes: writes.flat() } });
  const { level } = core.database;
  const iterate = level.iterator;
  let readings = 0;
  level.iterator = ((...args: Parameters<typeof iterate>) => {
    readings++;
    return iterate.apply(level, args);
  }) as typeof iterate;
  await show(offline, group, react("one more")).finally(() => {
    level.iterator = iterate;
  });
  assert.ok(readings > 0 && readings < 12, `${readings} readings`);
});

test("what is asked for at once comes in the order in which it was asked for", async () => {
  const group = await addGroup();
  const { id: message } = await show(offline, group, contentOf(offline, group, says("hello")));
  const common = { client: offline.client, group: group.id, message };
  await Promise.all([
    editMessage({ ...common, text: "a" }),
    editMessage({ ...common, text: "b" }),
    reactToMessage({ ...common, text: "+" }),
    reactToMessage({ ...common, text: "+", takeBack: true }),
    sendMessage({ ...common, text: "one" }),
    sendMessage({ ...common, text: "two" }),
  ]);
  const asked = group.view.intents.flatMap(({ action }) => (action.kind === "send" ? [action.content] : []));
  const [edits, reactions, said] = [0, 2, 4].map((i) => asked.slice(i, i + 2));
  const revisions = (of: MessageContent[] = []) => of.map(({ relation }) => relation?.revision);
  assert.deepEqual(revisions(edits), [1, 2]);
  assert.deepEqual(revisions(reactions), [1, 2]);
  const [first, second] = said ?? [];
  assert.ok(first && second && first.depth < second.depth);
  assert.ok(second.parents.includes(messageIdOf(first)));
});

test("messages that do not count, however many, move neither the depth nor the parents of what is said next", async () => {
  const group = await addGroup();
  const said = await show(
    offline,
    group,
    { ...contentOf(offline, group, says("hello")), depth: 7 },
    { epoch: EPOCHS },
  );
  for (let i = 0; i < 40; i++) {
    const content = { ...contentOf(offline, group, says(`${i}`)), depth: 9 };
    await show(offline, group, content, { epoch: EPOCHS, verdict: i % 2 ? "void" : "fenced" });
  }
  const next = await composeNext({ core: offline.core, group, id: group.id, body: says("again") });
  assert.deepEqual([next.depth, next.parents], [8, [said.id]]);
});

test("a deletion keeps a message from being sealed again, but not an edit, which can't be deleted", async () => {
  const group = await addGroup();
  const place = { database: offline.core.database, group: group.id };
  const post = await show(offline, group, contentOf(offline, group, says("hello")));
  const edit = await show(offline, group, contentOf(offline, group, relates("edit", post.id)), {
    verdict: "void",
  });
  for (const { id } of [post, edit]) await show(offline, group, contentOf(offline, group, deletes(id)));
  assert.equal(await isDeleted({ ...place, ...edit }), false);
  assert.equal(await isDeleted({ ...place, ...post }), true);
});
