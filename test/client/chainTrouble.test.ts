import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createGroup, groupStatus, listMessages, renameGroup, sendMessage } from "../../src/index.ts";
import { openTestGroup } from "../support/openTestGroup.ts";
import { markBlock, undoAfter } from "../support/reorgs.ts";
import { assertSameTimelines } from "../support/sameTimelines.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { until } from "../support/until.ts";

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 2, blockMs: 250 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

test("messages go on while the chain stands still, commits wait for it", async () => {
  await using opened = await openTestGroup({ network, names: ["alice", "bob"] });
  const { group, members } = opened;
  const [alice, bob] = members;
  assert.ok(alice && bob);
  await network.chain.pause();
  const said = await sendMessage({ client: bob.client, group, text: "still here" });
  assert.deepEqual(await said.settled, { kind: "delivered" });
  const renamed = await renameGroup({ client: alice.client, group, name: "after the pause" });
  await network.chain.resume();
  assert.deepEqual(await renamed.settled, { kind: "delivered" });
  await assertSameTimelines({ group, members, messages: 1 });
});

test("a commit that a reorganization took away lands again, in the same epoch state", async () => {
  await using opened = await openTestGroup({ network, names: ["alice", "bob"] });
  const { members } = opened;
  const [alice, bob] = members;
  assert.ok(alice && bob);
  await network.chain.mine(6);
  const { group } = await createGroup({ client: alice.client, name: "once", members: [bob.client.inbox] });
  await until("bob is in", async () => {
    const state = await groupStatus({ client: bob.client, group }).catch(() => undefined);
    return state?.membership === "member";
  });
  // However long what follows takes, and however many blocks: that and no more is taken.
  const block = await markBlock(network);
  const renamed = await renameGroup({ client: alice.client, group, name: "twice" });
  assert.deepEqual(await renamed.settled, { kind: "delivered" });
  const { head } = await groupStatus({ client: alice.client, group });
  const before = await sendMessage({ client: alice.client, group, text: "before" });
  assert.deepEqual(await before.settled, { kind: "delivered" });
  await undoAfter(network, block);
  const states = () => Promise.all(members.map(({ client }) => groupStatus({ client, group })));
  await until("everybody back", async () => (await states()).every((state) => state.head !== head));
  await network.chain.resume();
  await until("the same head again everywhere", async () => {
    return (await states()).every((state) => state.head === head && state.membership === "member");
  });
  const afterwards = await sendMessage({ client: bob.client, group, text: "after" });
  assert.deepEqual(await afterwards.settled, { kind: "delivered" });
  await assertSameTimelines({ group, members, messages: 2 });
  const items = await listMessages({ client: bob.client, group });
  assert.equal(items.filter(({ kind }) => kind === "membership").length, 1);
});
