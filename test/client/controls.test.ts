import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  type Client,
  deleteMessage,
  groupStatus,
  listIntents,
  listMembers,
  listMessages,
  removeMembers,
  sendMessage,
  setOnline,
  setRole,
} from "../../src/index.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import { openTestGroup } from "../support/openTestGroup.ts";
import { assertSameTimelines } from "../support/sameTimelines.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

/** Deep enough that a busy machine makes no more blocks before it, see BLOCK_MS. */
const REORG_BLOCKS = 24;
const BLOCK_MS = 250;
const delivered = { kind: "delivered" } as const;

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 2, blockMs: BLOCK_MS });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

/** Alice founded it, bob is super admin, too. */
async function openCourt() {
  const opened = await openTestGroup({ network, names: ["alice", "bob", "carol"] });
  const { group, members } = opened;
  const [alice, bob, carol] = members.map(({ client }) => ({ client, group }));
  assert.ok(alice && bob && carol);
  const raised = await setRole({ ...alice, member: bob.client.inbox, role: "super-admin" });
  assert.deepEqual(await raised.settled, delivered);
  await until("bob knows his role", async () => (await superAdmins(bob)) === 2);
  return { group, members, alice, bob, carol, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}

async function superAdmins(place: { client: Client; group: GroupId }): Promise<number> {
  return (await listMembers(place)).filter(({ role }) => role === "super-admin").length;
}

test("a deletion reaches who has not seen the message, and who was away for all of it", async () => {
  await using opened = await openCourt();
  const { alice, bob, carol, group, members } = opened;
  for (const { client } of [alice, carol]) await setOnline({ client, online: false });
  const said = await sendMessage({ ...bob, text: "first words" });
  assert.deepEqual(await said.settled, delivered);
  await setOnline({ client: bob.client, online: false });
  await setOnline({ client: alice.client, online: true });
  const early = await deleteMessage({ ...alice, message: said.messageId });
  assert.deepEqual(await early.settled, delivered);
  for (const { client } of [bob, carol]) await setOnline({ client, online: true });
  await until("its place everywhere", async () => {
    const items = await Promise.all(members.map(({ client }) => listMessages({ client, group })));
    return items.every((list) => list.some((item) => item.kind === "message" && item.state === "deleted"));
  });
  await assertSameTimelines({ group, members, messages: 0 });
});

test("a deletion that races its author's demotion counts for all or for none", async () => {
  await using opened = await openCourt();
  const { alice, bob, group, members } = opened;
  const said = await sendMessage({ ...alice, text: "contested" });
  assert.deepEqual(await said.settled, delivered);
  await assertSameTimelines({ group, members, messages: 1 });
  const [deletion, demotion] = await Promise.all([
    deleteMessage({ ...bob, message: said.messageId }),
    setRole({ ...alice, member: bob.client.inbox, role: "member" }),
  ]);
  assert.deepEqual(await demotion.settled, delivered);
  const outcome = await deletion.settled;
  if (outcome.kind === "failed") assert.equal(outcome.reason, "not-permitted");
  await assertSameTimelines({ group, members, messages: outcome.kind === "delivered" ? 0 : 1 });
});

test("what a removed super admin still wants to delete stays", async () => {
  await using opened = await openCourt();
  const { alice, bob, carol, group } = opened;
  const said = await sendMessage({ ...carol, text: "stays" });
  assert.deepEqual(await said.settled, delivered);
  await until("bob read it", async () => (await texts(bob, group)).length === 1);
  await setOnline({ client: bob.client, online: false });
  const deletion = await deleteMessage({ ...bob, message: said.messageId });
  const revenge = await removeMembers({ ...bob, members: [alice.client.inbox] });
  const removal = await removeMembers({ ...alice, members: [bob.client.inbox] });
  assert.deepEqual(await removal.settled, delivered);
  await setOnline({ client: bob.client, online: true });
  for (const { settled } of [deletion, revenge]) {
    assert.deepEqual(await settled, { kind: "failed", reason: "removed" });
  }
  for (const place of [alice, carol]) assert.deepEqual(await texts(place, group), ["stays"]);
  assert.equal(await superAdmins(carol), 1);
});

test("a deletion that a reorganization took away is undone, and lands again", async () => {
  await using opened = await openCourt();
  const { alice, bob, carol, group, members } = opened;
  const said = await sendMessage({ ...carol, text: "here today" });
  assert.deepEqual(await said.settled, delivered);
  await until("alice read it", async () => (await texts(alice, group)).length === 1);
  await network.chain.mine(REORG_BLOCKS + 2);
  const deletion = await deleteMessage({ ...alice, message: said.messageId });
  assert.deepEqual(await deletion.settled, delivered);
  for (const place of [bob, carol]) {
    await until("gone at the others'", async () => (await texts(place, group)).length === 0);
  }
  await network.chain.pause();
  assert.deepEqual(await network.chain.reorg({ depth: REORG_BLOCKS }), { kind: "done" });
  await until("back everywhere", async () => {
    const seen = await Promise.all(members.map((member) => texts(member, group)));
    return seen.every(({ length }) => length === 1);
  });
  await network.chain.resume();
  await assertSameTimelines({ group, members, messages: 0 });
  await until("settled again", async () => {
    return (await listIntents({ client: alice.client, open: true })).length === 0;
  });
  assert.equal((await groupStatus(carol)).gaps, 0);
});
