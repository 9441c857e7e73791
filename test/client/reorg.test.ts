import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import {
  createGroup,
  findIntent,
  groupStatus,
  listIntents,
  listMessages,
  removeMembers,
  renameGroup,
  rotateKeys,
  sendMessage,
  setOnline,
} from "../../src/index.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import type { TestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { openThree } from "../support/openThree.ts";
import { markBlock, undoAfter } from "../support/reorgs.ts";
import { assertSameTimelines } from "../support/sameTimelines.ts";
import { say } from "../support/say.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

const delivered = { kind: "delivered" };

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 2, blockMs: 150 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

async function heads(members: readonly TestClient[], group: GroupId): Promise<Set<string>> {
  const states = await Promise.all(members.map(({ client }) => groupStatus({ client, group })));
  return new Set(states.map(({ head }) => head));
}

async function headsOf(members: readonly TestClient[], groups: readonly GroupId[]): Promise<Set<string>[]> {
  return await Promise.all(groups.map((group) => heads(members, group)));
}

test("an entry that lands again brings its epoch back: nothing is sealed again, nothing shown twice", async () => {
  await using play = await openThree({ network });
  const { group, members, alice, bob, carol } = play;
  const block = await markBlock(network);
  assert.deepEqual(await (await renameGroup({ client: alice.client, group, name: "x" })).settled, delivered);
  await say(alice, group, "from alice");
  await say(bob, group, "from bob");
  await until("all have read it", async () => (await texts(carol, group)).length === 2);
  const { head } = await groupStatus({ client: alice.client, group });
  await undoAfter(network, block);
  await until("the entry gone", async () => !(await heads(members, group)).has(head));
  network.chain.resume();
  await until("the entry back", async () => {
    const now = await heads(members, group);
    return now.size === 1 && now.has(head);
  });
  await say(bob, group, "afterwards");
  await assertSameTimelines({ group, members, messages: 3 });
  const items = await listMessages({ client: carol.client, group });
  assert.equal(items.filter(({ kind }) => kind === "membership").length, 1);
  for (const { client } of members) assert.equal((await groupStatus({ client, group })).gaps, 0);
});

test("messages of an epoch that never comes back are sealed again under the same id", async () => {
  await using play = await openThree({ network });
  const { group, members, alice, bob, carol } = play;
  const block = await markBlock(network);
  const renamed = await renameGroup({ client: alice.client, group, name: "lost" });
  assert.deepEqual(await renamed.settled, delivered);
  const { head } = await groupStatus({ client: alice.client, group });
  const mine = await say(bob, group, "said in the lost epoch");
  await say(alice, group, "and by one who goes away");
  await until("carol has read both", async () => (await texts(carol, group)).length === 2);
  await setOnline({ client: alice.client, online: false });
  await undoAfter(network, block);
  await until("the entry gone", async () => !(await heads([bob, carol], group)).has(head));
  network.chain.resume();
  const rotated = await rotateKeys({ client: carol.client, group });
  assert.deepEqual(await rotated.settled, delivered);
  await until("bob's message sealed again", async () => {
    const open = await listIntents({ client: bob.client, open: true });
    const items = await listMessages({ client: carol.client, group });
    return open.length === 0 && items.some((item) => item.kind === "message" && item.id === mine.messageId);
  });
  await setOnline({ client: alice.client, online: true });
  await until("alice's rename landed after all", async () => {
    const status = await groupStatus({ client: carol.client, group });
    return status.name === "lost" && status.head !== head;
  });
  await assertSameTimelines({ group, members, messages: 2 });
  for (const { client } of members) assert.equal((await groupStatus({ client, group })).gaps, 0);
});

test("a removal that a reorg took holds back what was said after it", async () => {
  await using play = await openThree({ network });
  const { group, members, alice, bob, carol } = play;
  const block = await markBlock(network);
  const out = await removeMembers({ client: alice.client, group, members: [carol.client.inbox] });
  assert.deepEqual(await out.settled, delivered);
  await until(
    "bob knows",
    async () => (await groupStatus({ client: bob.client, group })).members.length === 2,
  );
  await undoAfter(network, block);
  await until("bob sees carol again", async () => {
    return (await groupStatus({ client: bob.client, group })).members.length === 3;
  });
  const kept = await sendMessage({ client: bob.client, group, text: "not for carol" });
  const mine = await sendMessage({ client: alice.client, group, text: "nor this" });
  const early = await Promise.race([kept.acknowledged, new Promise((done) => setTimeout(done, 1_000))]);
  assert.equal(early, undefined, "held back while the chain stands still");
  network.chain.resume();
  assert.deepEqual(await kept.settled, delivered);
  assert.deepEqual(await mine.settled, delivered);
  await assertSameTimelines({ group, members: members.slice(0, 2), messages: 2 });
  assert.deepEqual(
    await findIntent({ client: alice.client, id: out.id }).then((one) => one?.settled),
    delivered,
  );
  await until("carol is out", () => !isMember(carol, group));
  assert.deepEqual(await texts(carol, group), []);
});

test("two commits, one upon the other, land again with the same bytes", async () => {
  await using play = await openThree({ network });
  const { group, members, alice } = play;
  const block = await markBlock(network);
  for (const name of ["one", "two"]) {
    assert.deepEqual(
      await (await renameGroup({ client: alice.client, group, name })).acknowledged,
      delivered,
    );
  }
  const { head } = await groupStatus({ client: alice.client, group });
  await undoAfter(network, block);
  await until("both gone", async () => !(await heads(members, group)).has(head));
  network.chain.resume();
  await until("both back", async () => {
    const now = await heads(members, group);
    return now.size === 1 && now.has(head);
  });
  await say(alice, group, "all as it was");
  await assertSameTimelines({ group, members, messages: 1 });
});

test("a reorganization takes the commits of several groups: each comes back, and one that did not change stays", async () => {
  await using play = await openThree({ network });
  const { group: first, members, alice, bob, carol } = play;
  const groups = [first];
  for (const name of ["second", "third"]) {
    const others = [bob.client.inbox, carol.client.inbox];
    const { group, intent } = await createGroup({ client: alice.client, name, members: others });
    assert.deepEqual(await intent.settled, delivered);
    for (const member of [bob, carol]) await until("in the group", () => isMember(member, group));
    groups.push(group);
  }
  const [, second, third] = groups;
  assert.ok(second && third);
  const untouched = await heads(members, third);
  const block = await markBlock(network);
  for (const [i, group] of [first, second].entries()) {
    const author = i === 0 ? alice : bob;
    assert.deepEqual(await (await rotateKeys({ client: author.client, group })).settled, delivered);
    await say(carol, group, `in the new epoch of ${i}`);
  }
  const changed = await headsOf([alice], [first, second]);
  await undoAfter(network, block);
  await until("both entries gone", async () => {
    const now = await headsOf(members, [first, second]);
    return now.every((some, i) => [...some].every((head) => !changed[i]?.has(head)));
  });
  network.chain.resume();
  await until("both entries back", async () => {
    return isDeepStrictEqual(await headsOf(members, [first, second]), changed);
  });
  assert.deepEqual(await heads(members, third), untouched);
  for (const [i, group] of groups.entries()) {
    await say(bob, group, "afterwards");
    await assertSameTimelines({ group, members, messages: i === 2 ? 1 : 2 });
    for (const { client } of members) assert.equal((await groupStatus({ client, group })).gaps, 0);
  }
});
