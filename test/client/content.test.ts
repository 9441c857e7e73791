import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { ApplicationMessageSchema } from "../../src/gen/weft/v1/message_pb.ts";
import {
  deleteMessage,
  editMessage,
  type GroupId,
  groupStatus,
  isWeftError,
  listIntents,
  listMessages,
  type MessageId,
  type MessageItem,
  reactToMessage,
  type StreamedEvent,
  sendMessage,
  setOnline,
  stream,
  textPart,
} from "../../src/index.ts";
import type { MessageBody } from "../../src/reconciler/timeline/composeMessage.ts";
import type { EntryId, Hex } from "../../src/wire/ids.ts";
import { deletes, relates, says } from "../support/contents.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { isMember, openTestGroup } from "../support/openTestGroup.ts";
import { openThree } from "../support/openThree.ts";
import { say } from "../support/say.ts";
import { sealAt } from "../support/sealAt.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

const delivered = { kind: "delivered" } as const;
const failed = (reason: string) => ({ kind: "failed", reason });

let network: TestNetwork;
before(async () => {
  network = await startTestNetwork({ nodes: 2 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

async function itemsOf({ client }: Pick<TestClient, "client">, group: GroupId): Promise<MessageItem[]> {
  return (await listMessages({ client, group })).flatMap((item) => {
    if (item.kind !== "message") return [];
    const { delivery: _, ...message } = item;
    return [message];
  });
}

const itemOf = async (member: Pick<TestClient, "client">, group: GroupId, id: MessageId) =>
  (await itemsOf(member, group)).find((item) => item.id === id);

const epochsOf = async (member: Pick<TestClient, "client">, group: GroupId) => {
  const { epochs, joinedEpoch } = await groupStatus({ ...member, group });
  return { epochs, joinedEpoch };
};

/** Waits until all have the same digests of the epochs that all are in, then compares what they show. */
async function assertSame(group: GroupId, members: readonly Pick<TestClient, "client">[]): Promise<void> {
  const [first, ...others] = members;
  assert.ok(first);
  for (const other of others) {
    await until("the same digests", async () => {
      const [a, b] = await Promise.all([first, other].map((one) => epochsOf(one, group)));
      const since = Math.max(a?.joinedEpoch ?? 0, b?.joinedEpoch ?? 0);
      const [mine, theirs] = [a, b].map((one) => one?.epochs.filter(({ epoch }) => epoch >= since));
      return JSON.stringify(mine) === JSON.stringify(theirs);
    });
    assert.deepEqual(await itemsOf(other, group), await itemsOf(first, group));
  }
}

test("replies, edits and reactions are seen by all, live and from the database", async () => {
  await using opened = await openTestGroup({ network, names: ["alice", "bob"] });
  const { group, members } = opened;
  const [alice, bob] = members;
  assert.ok(alice && bob);
  const heard: StreamedEvent[] = [];
  const ending = new AbortController();
  const listening = (async () => {
    for await (const event of stream({ ...bob, group, signal: ending.signal })) heard.push(event);
  })();
  const said = await say(alice, group, "who brigns the bread?");
  await until("bob has it", async () => (await texts(bob, group)).length === 1);
  const reply = await sendMessage({ ...bob, group, text: "I do", replyTo: said.messageId });
  const reaction = await reactToMessage({ ...bob, group, message: said.messageId, text: "🥖" });
  const edit = await editMessage({ ...alice, group, message: said.messageId, text: "who brings the bread?" });
  for (const one of [reply, reaction, edit]) assert.deepEqual(await one.settled, delivered);
  await assertSame(group, [alice, bob]);
  const shown = await itemOf(alice, group, said.messageId);
  assert.deepEqual(
    [shown?.text, shown?.edit, shown?.reactions],
    ["who brings the bread?", edit.messageId, [{ text: "🥖", inboxes: [bob.client.inbox] }]],
  );
  assert.equal((await itemOf(alice, group, reply.messageId))?.replyTo, said.messageId);
  const last = () =>
    heard.findLast(
      (event) => event.kind === "shown" && "id" in event.item && event.item.id === said.messageId,
    );
  await until("bob was told", async () => JSON.stringify(last()).includes("brings"));
  const back = await reactToMessage({ ...bob, group, message: said.messageId, text: "🥖", takeBack: true });
  assert.deepEqual(await back.settled, delivered);
  await until(
    "it is gone",
    async () => (await itemOf(alice, group, said.messageId))?.reactions === undefined,
  );
  const deletion = await deleteMessage({ ...alice, group, message: said.messageId });
  assert.deepEqual(await deletion.settled, delivered);
  await until("it is deleted", async () => (await itemOf(bob, group, said.messageId))?.state === "deleted");
  await assertSame(group, [alice, bob]);
  ending.abort();
  await listening;
  assert.equal((await groupStatus({ ...bob, group })).messages, 2, "what only does something is not counted");
});

test("two devices of one person set a reaction once, and either takes it back", async () => {
  await using opened = await openTestGroup({ network, names: ["alice", "bob"] });
  const { group, members } = opened;
  const [alice, bob] = members;
  assert.ok(alice && bob);
  await using second = await openTestClient({ network, name: "alice/2", privateKey: alice.privateKey });
  await until("the second device in the group", () => isMember(second, group));
  const { messageId: message } = await say(bob, group, "hello");
  await until("both have it", async () =>
    (await Promise.all([alice, second].map((one) => texts(one, group)))).every(({ length }) => length > 0),
  );
  const set = await Promise.all(
    [alice, second].map((one) => reactToMessage({ ...one, group, message, text: "+" })),
  );
  for (const one of set) assert.deepEqual(await one.settled, delivered);
  const reactions = async () => (await itemOf(bob, group, message))?.reactions ?? [];
  await assertSame(group, [alice, bob]);
  assert.deepEqual(await reactions(), [{ text: "+", inboxes: [alice.client.inbox] }]);
  await assertSame(group, [alice, second]);
  const back = await reactToMessage({ ...second, group, message, text: "+", takeBack: true });
  assert.deepEqual(await back.settled, delivered);
  await until("it is gone at bob's", async () => (await reactions()).length === 0);
});

test("what is asked for offline, about a message that is not sealed yet, comes in order", async () => {
  await using opened = await openTestGroup({ network, names: ["alice", "bob"] });
  const { group, members } = opened;
  const [alice, bob] = members;
  assert.ok(alice && bob);
  await setOnline({ ...alice, online: false });
  const { messageId: message } = await sendMessage({ ...alice, group, text: "frist" });
  await editMessage({ ...alice, group, message, text: "frst" });
  await editMessage({ ...alice, group, message, text: "first" });
  await reactToMessage({ ...alice, group, message, text: "!" });
  assert.deepEqual(await texts(alice, group), ["frist"], "edits wait, too");
  await setOnline({ ...alice, online: true });
  await until("bob sees the last edit", async () => (await itemOf(bob, group, message))?.text === "first");
  await until("and the reaction", async () => (await itemOf(bob, group, message))?.reactions?.length === 1);
  await assertSame(group, [alice, bob]);
  const revisions = (await listIntents(alice)).filter(({ action }) => action === "send");
  assert.equal(revisions.length, 4);
});

test("what can't be is refused by name", async () => {
  await using opened = await openTestGroup({ network, names: ["alice", "bob"] });
  const { group, members } = opened;
  const [alice, bob] = members;
  assert.ok(alice && bob);
  const { messageId: message } = await say(alice, group, "hello");
  await until("bob has it", async () => (await texts(bob, group)).length === 1);
  const stranger: MessageId = `0x${"11".repeat(32)}` as MessageId;
  const reaction = await reactToMessage({ ...bob, group, message, text: "+" });
  await reaction.settled;
  const refused = [
    [editMessage({ ...bob, group, message, text: "mine" }), "not-permitted"],
    [editMessage({ ...bob, group, message: stranger, text: "x" }), "unknown-message"],
    [editMessage({ ...bob, group, message: reaction.messageId, text: "x" }), "unknown-message"],
    [reactToMessage({ ...bob, group, message: stranger, text: "+" }), "unknown-message"],
    [editMessage({ ...bob, group: stranger as unknown as GroupId, message, text: "x" }), "not-a-member"],
  ] as const;
  for (const [asked, reason] of refused) assert.deepEqual(await (await asked).settled, failed(reason));
  const thrown = [
    () => reactToMessage({ ...bob, group, message, text: "" }),
    () => reactToMessage({ ...bob, group, message, text: "+".repeat(65) }),
    () => sendMessage({ ...bob, group, text: "\udc00" }),
    () => sendMessage({ ...bob, group, parts: [{ type: "Image/PNG", data: new Uint8Array(1) }] }),
    () => sendMessage({ ...bob, group, parts: Array.from({ length: 17 }, () => textPart("x")) }),
  ];
  for (const ask of thrown) await assert.rejects(ask(), (error) => isWeftError(error, "malformed"));
  await assert.rejects(sendMessage({ ...bob, group, text: "x".repeat(67_600) }), (error) =>
    isWeftError(error, "too-large"),
  );
  await (await deleteMessage({ ...alice, group, message })).settled;
  await until("it is deleted", async () => (await itemOf(bob, group, message))?.state === "deleted");
  assert.deepEqual(
    await (await reactToMessage({ ...bob, group, message, text: "+" })).settled,
    failed("deleted"),
  );
});

test("content of every unknown shape by a hostile member leaves the others equal, and the conversation going on", async () => {
  await using opened = await openThree({ network });
  const { group, alice, bob, carol } = opened;
  const { messageId: target } = await say(alice, group, "hello");
  const edit = await editMessage({ ...alice, group, message: target, text: "hello again" });
  await edit.settled;
  await until("all have it", async () =>
    (await Promise.all([bob, carol].map((one) => itemOf(one, group, target)))).every((one) => one?.edit),
  );
  const head = (await groupStatus({ ...carol, group })).head as EntryId;
  const heard: StreamedEvent[] = [];
  const ending = new AbortController();
  const listening = (async () => {
    for await (const event of stream({ ...bob, group, signal: ending.signal })) heard.push(event);
  })();
  const bodies: MessageBody[] = [
    relates("edit", target, { revision: 2 ** 32 - 1, parts: [textPart("not mine")] }),
    relates("edit", edit.messageId, { revision: 9 }),
    deletes(target),
    ...[2, 63, 69, 127, 128, 191, 192, 255].map((kind) =>
      relates(kind, target, { key: "k".repeat(64), parts: [{ type: "x/unknown", data: new Uint8Array(9) }] }),
    ),
    relates("react", target, { key: "+", parts: [textPart("+"), textPart("-")] }),
    relates("read", target, { parts: [] }),
    { parts: Array.from({ length: 16 }, () => ({ type: "x/y", fallback: "f".repeat(1024) })) },
    { parts: [], extra: Uint8Array.of(0x0a, 0x00) },
    says(""),
    ...Array.from({ length: 60 }, (_, i) => relates("react", target, { key: `${i}` })),
  ];
  for (const body of bodies) await post((await sealAt({ by: carol, group, head, body })).envelope);
  const empty = toBinary(ApplicationMessageSchema, create(ApplicationMessageSchema, {}));
  const junk = [new Uint8Array(70_000), Uint8Array.of(0x0a, 0xff), Uint8Array.of(...empty, 0x7a, 0x00)];
  for (const plaintext of junk) {
    await post((await sealAt({ by: carol, group, head, body: says(""), plaintext })).envelope);
  }
  await say(bob, group, "it goes on");
  await until("alice hears bob", async () => (await texts(alice, group)).includes("it goes on"));
  await assertSame(group, [alice, bob]);
  const shown = await itemOf(bob, group, target);
  assert.deepEqual([shown?.text, shown?.state], ["hello again", "visible"]);
  assert.equal(shown?.reactions?.length, 32, "of one inbox");
  const silent = heard.flatMap((event) => (event.kind === "silent" ? [event.message.relation.kind] : []));
  assert.deepEqual(new Set(silent), new Set([69, 127, 192, 255]));
  ending.abort();
  await listening;
});

async function post(
  envelope: Parameters<TestNetwork["nodes"][number]["api"]["publish"]>[0]["envelopes"][number],
) {
  const [outcome] = (await network.nodes[0]?.api.publish({ envelopes: [envelope] })) ?? [];
  assert.equal(outcome?.kind, "acknowledged");
}

test("a message of parts keeps what its reader does not know", async () => {
  await using opened = await openTestGroup({ network, names: ["alice", "bob"] });
  const { group, members } = opened;
  const [alice, bob] = members;
  assert.ok(alice && bob);
  const parts = [
    textPart("a picture"),
    { type: "image/png", data: Uint8Array.of(0x89, 0x50), name: "dot.png", fallback: "A dot" },
  ];
  const sent = await sendMessage({ ...alice, group, parts });
  assert.deepEqual(await sent.settled, delivered);
  await until("bob has it", async () => (await texts(bob, group)).length === 1);
  const shown = await itemOf(bob, group, sent.messageId);
  assert.deepEqual([shown?.text, shown?.parts], ["a picture\nA dot", parts]);
  const hex: Hex = shown?.id ?? "0x";
  assert.equal(hex, sent.messageId);
});
