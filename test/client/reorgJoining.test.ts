import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { privateKeyToAccount } from "viem/accounts";
import { coreOf } from "../../src/client/client.ts";
import {
  addMembers,
  createGroup,
  deleteMessage,
  groupStatus,
  listIntents,
  renameGroup,
  rotateKeys,
  sendMessage,
  setOnline,
  setRole,
} from "../../src/index.ts";
import { RELANDING_BLOCKS } from "../../src/reconciler/branch/vanished.ts";
import { asAddress, type GroupId } from "../../src/wire/ids.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { openThree } from "../support/openThree.ts";
import { registerTestInbox } from "../support/registerTestInbox.ts";
import { markBlock, undoAfter } from "../support/reorgs.ts";
import { assertSameTimelines } from "../support/sameTimelines.ts";
import { say } from "../support/say.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

const delivered = { kind: "delivered" };
const removed = { kind: "failed", reason: "removed" };

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 2, blockMs: 150 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

async function membershipOf({ client }: TestClient, group: GroupId) {
  return (await groupStatus({ client, group, digests: false })).membership;
}

/** What somebody says who has not read of a newcomer yet is not sealed for it. */
async function readOf(
  { client }: TestClient,
  group: GroupId,
  newcomers: readonly TestClient[],
): Promise<void> {
  await until("the newcomers read of", async () => {
    const { members } = await groupStatus({ client, group, digests: false });
    return newcomers.every((one) => members.includes(one.client.inbox));
  });
}

/** What a relay sent last it sends again if a reorganization takes it, and it should be nothing of these groups. */
async function relayOthers(): Promise<void> {
  const { chain, nodes } = network;
  for (const { api } of nodes) await registerTestInbox({ network: chain.network, api });
}

/** As many as an entry that vanished is waited for, and all have read them. */
async function mineAll(readers: readonly TestClient[], group: GroupId): Promise<void> {
  const blocks = await Promise.all(
    readers.map(({ client }) => groupStatus({ client, group, digests: false })),
  );
  const last = Math.max(...blocks.map(({ block }) => block.number)) + RELANDING_BLOCKS + 1;
  await network.chain.mine(RELANDING_BLOCKS + 1);
  await until("the blocks read", async () => {
    const now = await Promise.all(
      readers.map(({ client }) => groupStatus({ client, group, digests: false })),
    );
    return now.every(({ block }) => block.number >= last);
  });
}

test("who joined by an entry that vanished is in the group again once it lands again", async () => {
  await using play = await openThree({ network });
  const { group, members, alice, carol } = play;
  await using dave = await openTestClient({ network, name: "dave" });
  const block = await markBlock(network);
  const added = await addMembers({ client: alice.client, group, members: [dave.client.inbox] });
  assert.deepEqual(await added.settled, delivered);
  await until("dave in the group", () => isMember(dave, group));
  await say(dave, group, "hello from dave");
  await undoAfter(network, block);
  await until("dave out of it", () => !isMember(dave, group));
  network.chain.resume();
  await until("dave in it again", () => isMember(dave, group));
  await readOf(carol, group, [dave]);
  await say(carol, group, "welcome back");
  await assertSameTimelines({ group, members: [...members, dave], messages: 2 });
});

test("who joined by an entry that another one beat is welcomed anew", async () => {
  await using play = await openThree({ network });
  const { group, members, alice, bob } = play;
  await using dave = await openTestClient({ network, name: "dave" });
  const block = await markBlock(network);
  const added = await addMembers({ client: alice.client, group, members: [dave.client.inbox] });
  assert.deepEqual(await added.settled, delivered);
  await until("dave in the group", () => isMember(dave, group));
  await setOnline({ client: alice.client, online: false });
  await undoAfter(network, block);
  await until("dave out of it", () => !isMember(dave, group));
  network.chain.resume();
  assert.deepEqual(await (await rotateKeys({ client: bob.client, group })).settled, delivered);
  await setOnline({ client: alice.client, online: true });
  await until("dave in it again", () => isMember(dave, group));
  await say(dave, group, "here I am");
  await assertSameTimelines({ group, members: [...members, dave], messages: 1 });
});

test("who is not registered for a while, since a reorganization took that, is waited for", async () => {
  await using alice = await openTestClient({ network, name: "alice" });
  const block = await markBlock(network);
  await using bob = await openTestClient({ network, name: "bob" });
  await undoAfter(network, block);
  const { address } = privateKeyToAccount(bob.privateKey);
  const { group, intent } = await createGroup({ ...alice, name: "Early", members: [asAddress(address)] });
  const founded = () => coreOf(alice.client).groups.get(group)?.view.intents[0];
  await until("bob not found", () => (founded()?.attempts ?? 0) > 0);
  network.chain.resume();
  assert.deepEqual(await intent.settled, delivered);
  await until("bob in the group", () => isMember(bob, group));
});

test("who waits in vain to be taken in, while the group goes on, is out; a later Welcome takes it in", async () => {
  await using play = await openThree({ network });
  const { group, members, alice, bob, carol } = play;
  await using dave = await openTestClient({ network, name: "dave" });
  await using erin = await openTestClient({ network, name: "erin" });
  await setOnline({ client: erin.client, online: false });
  const block = await markBlock(network);
  const newcomers = [dave, erin].map(({ client }) => client.inbox);
  const added = await addMembers({ client: alice.client, group, members: newcomers });
  assert.deepEqual(await added.settled, delivered);
  await until("dave in the group", () => isMember(dave, group));
  await setOnline({ client: alice.client, online: false });
  await relayOthers();
  await undoAfter(network, block);
  await until("dave out of it", () => !isMember(dave, group));
  network.chain.resume();
  assert.deepEqual(await (await rotateKeys({ client: bob.client, group })).settled, delivered);
  const said = await sendMessage({ client: dave.client, group, text: "is anybody there?" });
  assert.deepEqual(await said.settled, removed);
  await setOnline({ client: erin.client, online: true });
  for (const one of [dave, erin])
    await until("out", async () => (await membershipOf(one, group).catch(() => undefined)) === "removed");
  await setOnline({ client: alice.client, online: true });
  for (const one of [dave, erin]) await until("in it at last", () => isMember(one, group));
  await readOf(carol, group, [dave, erin]);
  await say(carol, group, "welcome");
  await say(dave, group, "here I am");
  await assertSameTimelines({ group, members: [...members, dave, erin], messages: 2 });
});

test("one waits as long as nothing stands in the entry's place, and comes in should it land after all", async () => {
  await using play = await openThree({ network });
  const { group, members, alice, bob } = play;
  await using dave = await openTestClient({ network, name: "dave" });
  const promoted = await setRole({
    client: alice.client,
    group,
    member: bob.client.inbox,
    role: "super-admin",
  });
  assert.deepEqual(await promoted.settled, delivered);
  const unwanted = await say(alice, group, "unwanted");
  await until("bob has read it", async () => (await texts(bob, group)).length === 1);
  const block = await markBlock(network);
  const added = await addMembers({ client: alice.client, group, members: [dave.client.inbox] });
  assert.deepEqual(await added.settled, delivered);
  await until("dave in the group", () => isMember(dave, group));
  await say(dave, group, "hello from dave");
  await setOnline({ client: alice.client, online: false });
  await relayOthers();
  await undoAfter(network, block);
  await until("dave out of it", () => !isMember(dave, group));
  await mineAll([dave, bob], group);
  const said = await sendMessage({ client: dave.client, group, text: "is anybody there?" });
  await mineAll([dave, bob], group);
  assert.equal(await membershipOf(dave, group), "joining");
  network.chain.resume();
  // A control: the head stays where it is, but that who waits can't tell.
  const deleted = await deleteMessage({ client: bob.client, group, message: unwanted.messageId });
  assert.deepEqual(await deleted.settled, delivered);
  assert.deepEqual(await said.settled, removed);
  assert.deepEqual(await texts(dave, group), []);
  await setOnline({ client: alice.client, online: true });
  await until("dave in it again", () => isMember(dave, group));
  await readOf(bob, group, [dave]);
  await say(bob, group, "welcome back");
  await until("dave reads it", async () => (await texts(dave, group)).includes("welcome back"));
  await assertSameTimelines({ group, members: [...members, dave], messages: 2 });
});

test("what was deleted before its author could seal it again stays deleted", async () => {
  await using play = await openThree({ network });
  const { group, members, alice, bob, carol } = play;
  const block = await markBlock(network);
  const renamed = await renameGroup({ client: alice.client, group, name: "new" });
  assert.deepEqual(await renamed.settled, delivered);
  await until("bob knows", async () => (await groupStatus({ client: bob.client, group })).name === "new");
  const said = await say(bob, group, "unwanted");
  await until("alice has read it", async () => (await texts(alice, group)).length === 1);
  const deleted = await deleteMessage({ client: alice.client, group, message: said.messageId });
  assert.deepEqual(await deleted.settled, delivered);
  for (const { client } of [alice, bob]) await setOnline({ client, online: false });
  await relayOthers();
  await undoAfter(network, block);
  network.chain.resume();
  assert.deepEqual(await (await rotateKeys({ client: carol.client, group })).settled, delivered);
  await setOnline({ client: alice.client, online: true });
  await until("alice's entries landed anew", async () => {
    const open = await listIntents({ client: alice.client, open: true });
    return open.length === 0 && (await groupStatus({ client: carol.client, group })).name === "new";
  });
  await setOnline({ client: bob.client, online: true });
  await until("bob's message judged anew", async () => {
    const sent = await listIntents({ client: bob.client });
    return sent.some(
      ({ id, outcome }) => id === said.id && outcome?.kind === "failed" && outcome.reason === "deleted",
    );
  });
  for (const member of members) assert.deepEqual(await texts(member, group), []);
  await assertSameTimelines({ group, members, messages: 0 });
});
