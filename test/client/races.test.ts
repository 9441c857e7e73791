import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  addMembers,
  groupStatus,
  listMembers,
  removeMembers,
  renameGroup,
  rotateKeys,
  sendMessage,
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

test("five members change one group at once, and all changes land", async () => {
  await using opened = await openTestGroup({ network, names: ["a", "b", "c", "d", "e"] });
  const { group, members } = opened;
  const intents = await Promise.all(members.map(({ client }) => rotateKeys({ client, group })));
  const talk = await Promise.all(
    members.map(({ client }, i) => sendMessage({ client, group, text: `from ${i}` })),
  );
  const outcomes = await Promise.all([...intents, ...talk].map(({ settled }) => settled));
  for (const outcome of outcomes) assert.deepEqual(outcome, { kind: "delivered" });
  await assertSameTimelines({ group, members, messages: 5 });
  const states = await Promise.all(members.map(({ client }) => groupStatus({ client, group })));
  assert.equal(states[0]?.epoch, 6);
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
