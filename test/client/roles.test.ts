import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  addMembers,
  deleteMessage,
  groupStatus,
  leaveGroup,
  listMembers,
  listMessages,
  removeMembers,
  renameGroup,
  sendMessage,
  setOnline,
  setRole,
} from "../../src/index.ts";
import { openTestClient } from "../support/openTestClient.ts";
import { isMember, openTestGroup } from "../support/openTestGroup.ts";
import { assertSameTimelines } from "../support/sameTimelines.ts";
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

async function openThree() {
  const opened = await openTestGroup({ network, names: ["alice", "bob", "carol"] });
  const [alice, bob, carol] = opened.members.map(({ client }) => ({ client, group: opened.group }));
  assert.ok(alice && bob && carol);
  const { group, members } = opened;
  return { group, members, alice, bob, carol, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}

test("roles are given and taken by super admins only, and one always stays", async () => {
  await using opened = await openThree();
  const { alice, bob, carol } = opened;
  const [, second] = opened.members;
  assert.ok(second);
  const member = bob.client.inbox;
  const early = await setRole({ ...bob, member, role: "admin" });
  assert.deepEqual(await early.settled, failed("not-permitted"));
  const alone = await setRole({ ...alice, member: alice.client.inbox, role: "member" });
  assert.deepEqual(await alone.settled, failed("last-super-admin"));
  const raised = await setRole({ ...alice, member, role: "admin" });
  assert.deepEqual(await raised.settled, delivered);
  const again = await setRole({ ...alice, member, role: "admin" });
  assert.deepEqual(await again.settled, failed("already-done"));
  const stranger = await setRole({ ...alice, member: `0x${"77".repeat(32)}`, role: "admin" });
  assert.deepEqual(await stranger.settled, failed("unknown-member"));
  await until("bob an admin at his own", async () => {
    return (await listMembers(bob)).some(({ inbox, role }) => inbox === member && role === "admin");
  });
  assert.deepEqual(await (await renameGroup({ ...bob, name: "Bob's" })).settled, delivered);
  const gone = await removeMembers({ ...bob, members: [carol.client.inbox] });
  assert.deepEqual(await gone.settled, delivered);
  const coup = await removeMembers({ ...bob, members: [alice.client.inbox] });
  assert.deepEqual(await coup.settled, failed("not-permitted"));
  const second1 = await setRole({ ...alice, member, role: "super-admin" });
  assert.deepEqual(await second1.settled, delivered);
  const stepsDown = await setRole({ ...alice, member: alice.client.inbox, role: "member" });
  assert.deepEqual(await stepsDown.settled, delivered);
  const late = await setRole({ ...alice, member: alice.client.inbox, role: "super-admin" });
  assert.deepEqual(await late.settled, failed("not-permitted"));
});

test("two super admins remove each other: the first on the chain stays", async () => {
  await using opened = await openThree();
  const { alice, bob, carol } = opened;
  const raised = await setRole({ ...alice, member: bob.client.inbox, role: "super-admin" });
  assert.deepEqual(await raised.settled, delivered);
  await until("bob knows", async () =>
    (await listMembers(bob)).every(({ role }, i) => i > 1 || role === "super-admin"),
  );
  const [byAlice, byBob] = await Promise.all([
    removeMembers({ ...alice, members: [bob.client.inbox] }),
    removeMembers({ ...bob, members: [alice.client.inbox] }),
  ]);
  const outcomes = await Promise.all([byAlice.settled, byBob.settled]);
  assert.deepEqual(outcomes.map(({ kind }) => kind).sort(), ["delivered", "failed"]);
  assert.ok(outcomes.some((outcome) => outcome.kind === "failed" && outcome.reason === "removed"));
  const [stays, leaves] = outcomes[0].kind === "delivered" ? [alice, bob] : [bob, alice];
  assert.deepEqual(await (await renameGroup({ ...leaves, name: "mine" })).settled, failed("removed"));
  assert.deepEqual(await (await renameGroup({ ...stays, name: "ours" })).settled, delivered);
  await until("carol reads it", async () => (await groupStatus(carol)).name === "ours");
  const roles = (await listMembers(carol)).filter(({ role }) => role === "super-admin");
  assert.deepEqual(
    roles.map(({ inbox }) => inbox),
    [stays.client.inbox],
  );
  const last = (await listMessages(leaves)).at(-1);
  assert.ok(last?.kind === "membership");
  assert.deepEqual(last.changes, [{ kind: "removed", inbox: leaves.client.inbox }]);
});

test("messages are deleted for all: one's own by oneself, others' by super admins", async () => {
  await using opened = await openThree();
  const { alice, bob, carol, group, members } = opened;
  const own = await sendMessage({ ...bob, text: "mine" });
  const other = await sendMessage({ ...bob, text: "rude" });
  const kept = await sendMessage({ ...bob, text: "kind" });
  for (const { settled } of [own, other, kept]) assert.deepEqual(await settled, delivered);
  await assertSameTimelines({ group, members, messages: 3 });
  const forbidden = await deleteMessage({ ...carol, message: own.messageId });
  assert.deepEqual(await forbidden.settled, failed("not-permitted"));
  const unknown = await deleteMessage({ ...carol, message: `0x${"99".repeat(32)}` as typeof own.messageId });
  assert.deepEqual(await unknown.settled, failed("unknown-message"));
  const deletions = await Promise.all([
    deleteMessage({ ...bob, message: own.messageId }),
    deleteMessage({ ...alice, message: other.messageId }),
  ]);
  for (const { settled } of deletions) assert.deepEqual(await settled, delivered);
  const twice = await deleteMessage({ ...alice, message: other.messageId });
  assert.deepEqual(await twice.settled, failed("already-done"));
  await assertSameTimelines({ group, members, messages: 1 });
  assert.deepEqual(await texts(carol, group), ["kind"]);
  const states = (await listMessages(carol)).map((item) => item.kind === "message" && item.state);
  assert.deepEqual(states.toSorted(), ["deleted", "deleted", "visible"]);
});

test("a deletion that lost its place to a commit is written again", async () => {
  await using opened = await openThree();
  const { alice, bob, group, members } = opened;
  const said = await sendMessage({ ...bob, text: "rude" });
  assert.deepEqual(await said.settled, delivered);
  const raised = await setRole({ ...alice, member: bob.client.inbox, role: "super-admin" });
  assert.deepEqual(await raised.settled, delivered);
  const other = await sendMessage({ ...alice, text: "also rude" });
  assert.deepEqual(await other.settled, delivered);
  await assertSameTimelines({ group, members, messages: 2 });
  const both = await Promise.all([
    deleteMessage({ ...alice, message: said.messageId }),
    renameGroup({ ...bob, name: "one" }),
    deleteMessage({ ...bob, message: other.messageId }),
    renameGroup({ ...alice, name: "two" }),
  ]);
  for (const { settled } of both) assert.deepEqual(await settled, delivered);
  await assertSameTimelines({ group, members, messages: 0 });
});

test("who leaves is taken out by the others, whoever is online, and says nothing more", async () => {
  await using opened = await openThree();
  const { alice, bob, carol, group, members } = opened;
  const last = await leaveGroup(alice);
  assert.deepEqual(await last.settled, failed("last-super-admin"));
  await setOnline({ client: alice.client, online: false });
  const leave = await leaveGroup(bob);
  assert.deepEqual(await leave.settled, delivered);
  const late = await sendMessage({ ...bob, text: "wait" });
  assert.deepEqual(await late.settled, failed("not-a-member"));
  await until("bob out", async () => (await groupStatus(bob)).membership === "removed");
  assert.equal((await groupStatus(bob)).reason, "left");
  const word = (await listMessages(bob)).at(-1);
  assert.ok(word?.kind === "membership");
  assert.deepEqual(word.changes, [{ kind: "left", inbox: bob.client.inbox }]);
  assert.equal(word.by, carol.client.inbox);
  await setOnline({ client: alice.client, online: true });
  await until("two members at alice's", async () => (await groupStatus(alice)).members.length === 2);
  const back = await addMembers({ ...alice, members: [bob.client.inbox] });
  assert.deepEqual(await back.settled, delivered);
  await until("bob back", () => isMember(bob, group));
  const hello = await sendMessage({ ...bob, text: "I am back" });
  assert.deepEqual(await hello.settled, delivered);
  await assertSameTimelines({ group, members, messages: 1 });
});

test("who asked to leave and is added again at once goes and comes back", async () => {
  await using opened = await openThree();
  const { alice, bob, group } = opened;
  const leave = await leaveGroup(bob);
  assert.deepEqual(await leave.acknowledged, delivered);
  await until("alice knows", async () => {
    const { leaving, members } = await groupStatus(alice);
    return leaving.length > 0 || members.length < 3;
  });
  const back = await addMembers({ ...alice, members: [bob.client.inbox] });
  assert.deepEqual(await back.settled, delivered);
  await until("bob in a new membership", async () => {
    return isMember(bob, group) && (await groupStatus(bob)).joinedEpoch > 1;
  });
  assert.deepEqual((await groupStatus(alice)).leaving, []);
});

test("an Add makes the others forget who asked to leave; it asks again", async () => {
  await using opened = await openThree();
  await using dave = await openTestClient({ network, name: "dave" });
  const { alice, bob } = opened;
  const [add, leave] = await Promise.all([
    addMembers({ ...alice, members: [dave.client.inbox] }),
    leaveGroup(bob),
  ]);
  assert.deepEqual(await add.settled, delivered);
  assert.deepEqual(await leave.settled, delivered);
  await until("bob out", async () => (await groupStatus(bob)).membership === "removed");
  await until("three members", async () => (await groupStatus(alice)).members.length === 3);
});
