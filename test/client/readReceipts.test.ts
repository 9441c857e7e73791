import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { randomBytes } from "#crypto";
import { coreOf } from "../../src/client/client.ts";
import type { Group } from "../../src/client/group/group.ts";
import { createReadReceipts } from "../../src/client/group/readReceipts.ts";
import { keepReadReceipts } from "../../src/client/keepReadReceipts.ts";
import { steadyMs } from "../../src/clock/steadyMs.ts";
import {
  type GroupId,
  type InboxId,
  listIntents,
  listMessages,
  type StreamedEvent,
  stream,
} from "../../src/index.ts";
import { asId, type MessageId } from "../../src/wire/ids.ts";
import { messageIdOf } from "../../src/wire/messageContent.ts";
import { relates, says } from "../support/contents.ts";
import { addOfflineGroup, type OfflineClient, openOfflineClient } from "../support/openOfflineClient.ts";
import { contentOf, show } from "../support/showOffline.ts";
import { until } from "../support/until.ts";

const CAROL = asId<InboxId>(new Uint8Array(32).fill(2));
const DAVE = asId<InboxId>(new Uint8Array(32).fill(3));

let offline: OfflineClient;
before(async () => {
  offline = await openOfflineClient();
});
after(async () => await offline[Symbol.asyncDispose]());

const add = (members: readonly InboxId[], record = {}) =>
  addOfflineGroup({
    ...{ core: offline.core, group: asId<GroupId>(randomBytes(32)), epochs: 2 },
    record: { members: [offline.inbox, ...members], ...record },
  });
const readBy = async ({ id: group }: Group) =>
  (await listMessages({ ...offline, group })).map((item) => [
    item.kind === "message" ? item.text : item.kind,
    (item.readBy ?? []).toSorted(),
  ]);

test("members say how far they have read: the greatest place stands, in any order, and what is read first applies when it comes", async () => {
  const group = await add([CAROL, DAVE]);
  const texts = ["one", "two", "three"];
  const contents = texts.map((text, i) => ({ ...contentOf(offline, group, says(text)), depth: i + 1 }));
  const [one, two, three] = contents;
  assert.ok(one && two && three);
  const first = await show(offline, group, one);
  const second = await show(offline, group, two);
  const read = async (inbox: InboxId, target: MessageId) =>
    await show(offline, group, contentOf(offline, group, relates("read", target, { parts: [] }), inbox));
  const stop = new AbortController();
  const heard: StreamedEvent[] = [];
  const listening = (async () => {
    for await (const event of stream({ ...offline, signal: stop.signal })) heard.push(event);
  })();
  await read(CAROL, second.id);
  await read(CAROL, first.id);
  await read(CAROL, asId<MessageId>(randomBytes(32)));
  assert.deepEqual(await readBy(group), [
    ["one", [CAROL]],
    ["two", [CAROL]],
  ]);
  await read(DAVE, messageIdOf(three));
  await show(offline, group, three);
  assert.deepEqual(await readBy(group), [
    ["one", [CAROL, DAVE]],
    ["two", [CAROL, DAVE]],
    ["three", [DAVE]],
  ]);
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  await listening;
  const told = heard.flatMap((event) => (event.kind === "read" ? [event.inbox] : []));
  assert.deepEqual(told, [CAROL, DAVE]);
  offline = await offline.reopen();
  assert.equal((await readBy(offline.core.groups.get(group.id) ?? group)).length, 3);
});

test("a message that says to have read and shows parts besides does nothing", async () => {
  const group = await add([CAROL]);
  const { id } = await show(offline, group, contentOf(offline, group, says("one")));
  await show(offline, group, contentOf(offline, group, relates("read", id), CAROL));
  assert.deepEqual(await readBy(group), [["one", []]]);
});

test("this client tells at most every ten seconds, and neither crowds nor whoever made a request", async () => {
  const core = coreOf(offline.client);
  const crowd = Array.from({ length: 20 }, (_, i) => asId<InboxId>(new Uint8Array(32).fill(10 + i)));
  const [small, large, request] = [
    await add([CAROL]),
    await add(crowd),
    await add([CAROL], { request: { by: CAROL } }),
  ];
  const receipts = createReadReceipts();
  const stop = new AbortController();
  const running = keepReadReceipts({ core, receipts, signal: stop.signal });
  const ask = (group: Group): MessageId => {
    const target = asId<MessageId>(randomBytes(32));
    receipts.due.set(group.id, target);
    receipts.wakeup.wake();
    return target;
  };
  const told = async () =>
    (await listIntents({ ...offline, open: true })).map(({ group }) => group as GroupId);
  for (const group of [large, request, small]) ask(group);
  await until("the small one is told", async () => (await told()).length === 1);
  assert.deepEqual(await told(), [small.id]);
  assert.equal(receipts.due.size, 0);
  const second = ask(small);
  ask(large);
  await until("the large one is passed over", () => !receipts.due.has(large.id));
  assert.equal(receipts.due.get(small.id), second, "it waits");
  receipts.toldAtMs.set(small.id, steadyMs() - 10_000);
  receipts.wakeup.wake();
  await until("it is told", async () => (await told()).length === 2);
  stop.abort();
  await running;
});
