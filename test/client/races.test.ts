import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { coreOf, groupOf } from "../../src/client/client.ts";
import { changeGroup } from "../../src/client/group/changeGroup.ts";
import {
  addMembers,
  groupStatus,
  listMembers,
  removeMembers,
  renameGroup,
  rotateKeys,
  sendMessage,
  setOnline,
  syncStatus,
} from "../../src/index.ts";
import { openTestClient } from "../support/openTestClient.ts";
import { openTestGroup } from "../support/openTestGroup.ts";
import { assertSameTimelines } from "../support/sameTimelines.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { until } from "../support/until.ts";

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 2 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

test("twelve members change one group at once, and all changes land", async () => {
  await using opened = await openTestGroup({ network, names: [..."abcdefghijkl"] });
  const { group, members } = opened;
  const intents = await Promise.all(members.map(({ client }) => rotateKeys({ client, group })));
  const talk = await Promise.all(
    members.map(({ client }, i) => sendMessage({ client, group, text: `from ${i}` })),
  );
  const outcomes = await Promise.all([...intents, ...talk].map(({ settled }) => settled));
  for (const outcome of outcomes) assert.deepEqual(outcome, { kind: "delivered" });
  await assertSameTimelines({ group, members, messages: 12 });
  const states = await Promise.all(members.map(({ client }) => groupStatus({ client, group })));
  assert.equal(states[0]?.epoch, 13);
  const syncs = await Promise.all(members.map(({ client }) => syncStatus({ client })));
  assert.ok(syncs.reduce((sum, { rebased }) => sum + rebased, 0) > 0, "a race was lost and made good");
});

test("who adds the same person a moment later has nothing left to do", async () => {
  await using opened = await openTestGroup({ network, names: ["a", "b"] });
  await using carol = await openTestClient({ network, name: "carol" });
  const { group, members } = opened;
  const [creator] = members;
  assert.ok(creator);
  const { client } = creator;
  const first = await addMembers({ client, group, members: [carol.client.inbox] });
  const second = await addMembers({ client, group, members: [carol.client.inbox] });
  assert.deepEqual(await first.settled, { kind: "delivered" });
  assert.deepEqual(await second.settled, { kind: "failed", reason: "already-done" });
  assert.equal((await listMembers({ client, group })).length, 3);
});

test("only admins add, remove and rename; a member's wish fails by name", async () => {
  await using opened = await openTestGroup({ network, names: ["a", "b", "c"] });
  const { group, members } = opened;
  const [admin, member, other] = members;
  assert.ok(admin && member && other);
  const { client } = member;
  const name = await renameGroup({ client, group, name: "mine" });
  assert.deepEqual(await name.settled, { kind: "failed", reason: "not-permitted" });
  const gone = await removeMembers({ client, group, members: [other.client.inbox] });
  assert.deepEqual(await gone.settled, { kind: "failed", reason: "not-permitted" });
  const renamed = await renameGroup({ client: admin.client, group, name: "ours" });
  assert.deepEqual(await renamed.settled, { kind: "delivered" });
  const removal = await removeMembers({ client: admin.client, group, members: [other.client.inbox] });
  assert.deepEqual(await removal.settled, { kind: "delivered" });
  await until("the removed one knows", async () => {
    return (await groupStatus({ client: other.client, group })).membership === "removed";
  });
  const late = await sendMessage({ client: other.client, group, text: "still here?" });
  assert.deepEqual(await late.settled, { kind: "failed", reason: "removed" });
  await until(
    "the new name at the member's",
    async () => (await groupStatus({ client, group })).name === "ours",
  );
});

test("what was written for fewer is not sealed for more", async () => {
  await using opened = await openTestGroup({ network, names: ["a", "b"] });
  const { group, members } = opened;
  const [a] = members;
  assert.ok(a);
  await setOnline({ ...a, online: false });
  const said = await sendMessage({ ...a, group, text: "for me" });
  const core = coreOf(a.client);
  const handle = groupOf(core, group);
  await handle.queue.run(async () => {
    // As a reorganization leaves it that has undone a removal.
    const intents = handle.view.intents.map((intent) => ({ ...intent, audience: [a.client.inbox] }));
    await changeGroup({ core, group: handle, change: { intents } });
  });
  await setOnline({ ...a, online: true });
  assert.deepEqual(await said.settled, { kind: "failed", reason: "audience-changed" });
});

test("who was removed comes back by another invitation", async () => {
  await using opened = await openTestGroup({ network, names: ["a", "b"] });
  const { group, members } = opened;
  const [admin, member] = members;
  assert.ok(admin && member);
  const there = { client: admin.client, group };
  const removal = await removeMembers({ ...there, members: [member.client.inbox] });
  assert.deepEqual(await removal.settled, { kind: "delivered" });
  const unseen = await sendMessage({ ...there, text: "without you" });
  assert.deepEqual(await unseen.settled, { kind: "delivered" });
  const addition = await addMembers({ ...there, members: [member.client.inbox] });
  assert.deepEqual(await addition.settled, { kind: "delivered" });
  await until("back in the group", async () => {
    return (await groupStatus({ client: member.client, group })).membership === "member";
  });
  const answer = await sendMessage({ client: member.client, group, text: "back" });
  assert.deepEqual(await answer.settled, { kind: "delivered" });
});
