import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { coreOf, groupOf } from "../../src/client/client.ts";
import { listEpochs } from "../../src/client/database/epochStates.ts";
import { maintainEpochs } from "../../src/client/entries/maintainEpochs.ts";
import { changeGroup } from "../../src/client/group/changeGroup.ts";
import {
  addMembers,
  countOutcomes,
  createGroup,
  findIntent,
  groupStatus,
  listIntents,
  listMessages,
  preferNode,
  rankNodes,
  renameGroup,
  rotateKeys,
  sendMessage,
  setOnline,
} from "../../src/index.ts";
import { clientSchema } from "../../src/store/schema.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import { VOID_BLOCKS } from "../../src/wire/limits.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { isMember, openTestGroup } from "../support/openTestGroup.ts";
import { assertSameTimelines } from "../support/sameTimelines.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { startTestNode } from "../support/startTestNode.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 2 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

test("a client away for twenty epochs reads all that was said, and says what it had to say", async () => {
  await using opened = await openTestGroup({ network, names: ["alice", "bob", "carol"] });
  const { group, members } = opened;
  const [alice, bob, carol] = members;
  assert.ok(alice && bob && carol);
  await setOnline({ client: bob.client, online: false });
  const queued = await sendMessage({ client: bob.client, group, text: "written offline" });
  assert.equal((await listMessages({ client: bob.client, group })).at(-1)?.delivery, "queued");
  for (let epoch = 0; epoch < 20; epoch++) {
    const said = await sendMessage({ client: carol.client, group, text: `in epoch ${epoch}` });
    assert.deepEqual(await said.acknowledged, { kind: "delivered" });
    const renamed = await renameGroup({ client: alice.client, group, name: `name ${epoch}` });
    assert.deepEqual(await renamed.acknowledged, { kind: "delivered" });
  }
  await setOnline({ client: bob.client, online: true });
  assert.deepEqual(await queued.settled, { kind: "delivered" });
  await assertSameTimelines({ group, members, messages: 21 });
  assert.equal((await groupStatus({ client: bob.client, group })).gaps, 0);
});

/** Lets a client tidy up as if blocks had come after which nothing is voided; to mine so many would take minutes. */
async function tidyUpLater({ client }: TestClient, group: GroupId): Promise<void> {
  const core = coreOf(client);
  const handle = groupOf(core, group);
  await handle.queue.run(async () => {
    const { processed, agreed } = handle;
    handle.processed = { ...processed, number: processed.number + VOID_BLOCKS + 20 };
    handle.agreed = handle.processed;
    await maintainEpochs({ core, group: handle });
    handle.processed = processed;
    handle.agreed = agreed;
  });
}

test("of an epoch that nothing can bring back only message keys stay, and they open what was said in it", async () => {
  const names = ["alice", "bob"];
  await using opened = await openTestGroup({ network, names, finalityBlocks: 2 });
  const { group, members } = opened;
  const [alice, bob] = members;
  assert.ok(alice && bob);
  const there = { client: alice.client, group };
  await setOnline({ client: bob.client, online: false });
  for (let epoch = 0; epoch < 4; epoch++) {
    const said = await sendMessage({ ...there, text: `in epoch ${epoch}` });
    assert.deepEqual(await said.acknowledged, { kind: "delivered" });
    assert.deepEqual(await (await rotateKeys(there)).acknowledged, { kind: "delivered" });
  }
  await network.chain.mine(20);
  await setOnline({ client: bob.client, online: true });
  await assertSameTimelines({ group, members, messages: 4 });
  for (const member of members) {
    const { database } = coreOf(member.client);
    const whole = async () => {
      const epochs = await listEpochs({ database, group });
      return epochs.filter(({ closedAtMs }) => closedAtMs === 0).length;
    };
    assert.ok((await whole()) > 1, "later siblings may still void what opened them");
    await tidyUpLater(member, group);
    assert.equal(await whole(), 1);
    const closed = (await listEpochs({ database, group })).filter(({ closedAtMs }) => closedAtMs > 0);
    assert.ok(closed.length >= 4);
  }
  const said = await sendMessage({ client: bob.client, group, text: "go on" });
  assert.deepEqual(await said.settled, { kind: "delivered" });
});

test("a conversation goes on when its node dies, and loses nothing", async () => {
  await using third = await startTestNode({ chain: network.chain, account: 3 });
  const nodes = [...network.nodes, third];
  await using opened = await openTestGroup({ network: { ...network, nodes }, names: ["alice", "bob"] });
  const { group, members } = opened;
  const [alice, bob] = members;
  assert.ok(alice && bob);
  for (const { client } of members) await preferNode({ client, group, node: third.nodeId });
  await until("the preferred node in use", async () => {
    const states = await Promise.all(members.map(({ client }) => groupStatus({ client, group })));
    return states.every(({ node }) => node === third.nodeId);
  });
  const before = await sendMessage({ client: alice.client, group, text: "before" });
  assert.deepEqual(await before.acknowledged, { kind: "delivered" });
  await third[Symbol.asyncDispose]();
  const during = await sendMessage({ client: alice.client, group, text: "after its death" });
  assert.deepEqual(await during.settled, { kind: "delivered" });
  assert.deepEqual(await (await rotateKeys({ client: bob.client, group })).settled, { kind: "delivered" });
  await assertSameTimelines({ group, members, messages: 2 });
  const [first] = await rankNodes({ client: alice.client, group });
  assert.equal(first?.node, third.nodeId);
  assert.equal(first?.up, false);
});

test("a crash at any moment loses no intent and repeats none", async () => {
  await using opened = await openTestGroup({ network, names: ["alice", "bob"] });
  const { group, members } = opened;
  const [alice, bob] = members;
  assert.ok(alice && bob);
  await using directory = await temporaryDirectory();
  const said = ["one", "two", "three"];
  for (const text of said) await sendMessage({ client: alice.client, group, text });
  const rotation = await rotateKeys({ client: alice.client, group });
  // Cut off in whatever step it was in; what is on disk then is what a process that dies leaves behind.
  await setOnline({ client: alice.client, online: false });
  const path = join(directory.path, "crashed");
  await cp(alice.directory, path, { recursive: true, filter: (file) => !file.endsWith("LOCK") });
  await using again = await openTestClient({ network, directory: path, privateKey: alice.privateKey });
  const { client } = again;
  await until("nothing open any more", async () => (await listIntents({ client, open: true })).length === 0);
  for (const { outcome } of await listIntents({ client })) assert.deepEqual(outcome, { kind: "delivered" });
  assert.deepEqual(await (await findIntent({ client, id: rotation.id }))?.settled, { kind: "delivered" });
  await assertSameTimelines({ group, members: [again, bob], messages: 3 });
  assert.deepEqual(await texts(bob, group), said);
});

test("a group that is founded offline is there when its founder comes online", async () => {
  await using alice = await openTestClient({ network, name: "alice" });
  await using bob = await openTestClient({ network, name: "bob" });
  const { client } = alice;
  await setOnline({ client, online: false });
  const { group } = await createGroup({ client, name: "later", members: [bob.client.inbox] });
  const hello = await sendMessage({ client, group, text: "first words" });
  assert.deepEqual(await texts(alice, group), ["first words"]);
  await setOnline({ client, online: true });
  assert.deepEqual(await hello.settled, { kind: "delivered" });
  await until("bob reads it", async () => {
    const status = await groupStatus({ client: bob.client, group }).catch(() => undefined);
    return status !== undefined && (await texts(bob, group)).includes("first words");
  });
});

test("a client that was set up opens without a network", async () => {
  const alice = await openTestClient({ network, name: "alice" });
  const { inbox } = alice.client;
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "copy");
  await cp(alice.directory, path, { recursive: true, filter: (file) => !file.endsWith("LOCK") });
  await alice[Symbol.asyncDispose]();
  const nowhere = { ...network, nodes: [] };
  const { privateKey } = alice;
  await using again = await openTestClient({ network: nowhere, directory: path, privateKey, online: false });
  assert.equal(again.client.inbox, inbox);
});

for (const lands of [false, true]) {
  const title = lands ? "a write that lands although it is told to have failed" : "a write that fails";
  test(`${title}: the disk says what holds, no key is used twice, and the work goes on`, async () => {
    await using opened = await openTestGroup({ network, names: ["alice", "bob"] });
    const { group, members } = opened;
    const [alice, bob] = members;
    assert.ok(alice && bob);
    const { level } = coreOf(alice.client).database;
    const batch = level.batch.bind(level) as (...args: unknown[]) => Promise<unknown>;
    let failures = 0;
    // The sealing of the first message fails once it is under way.
    Object.assign(level, {
      batch: async (writes: { key: Uint8Array }[], options: unknown) => {
        const seals = writes.some(({ key }) => key[0] === clientSchema.publication.prefix);
        if (!seals || failures++ > 0) return await batch(writes, options);
        if (lands) await batch(writes, options);
        throw new Error("disk full");
      },
    });
    const said = ["one", "two", "three"];
    const { client } = alice;
    const intents = await Promise.all(said.map((text) => sendMessage({ client, group, text })));
    for (const { settled } of intents) assert.deepEqual(await settled, { kind: "delivered" });
    assert.ok(failures > 1);
    await assertSameTimelines({ group, members, messages: 3 });
    const { rejected } = await countOutcomes({ client: bob.client, group });
    assert.equal(rejected.replayed ?? 0, 0);
  });
}

test("after a failed write nothing is written to its group before the disk was read again", async () => {
  await using opened = await openTestGroup({ network, names: ["alice"] });
  const { group: id, members } = opened;
  const [alice] = members;
  assert.ok(alice);
  const { client } = alice;
  const core = coreOf(client);
  const group = groupOf(core, id);
  await setOnline({ client, online: false });
  const { level } = core.database;
  const { batch } = level;
  const change = { record: group.view.record };
  const again: Promise<void>[] = [];
  Object.assign(level, {
    batch: () => {
      Object.assign(level, { batch });
      const next = group.queue.run(() => changeGroup({ core, group, change }));
      again.push(assert.rejects(next, { code: "storage" }));
      return Promise.reject(new Error("disk full"));
    },
  });
  const failing = group.queue.run(() => changeGroup({ core, group, change }));
  await assert.rejects(failing, { code: "storage" });
  assert.equal(again.length, 1);
  await Promise.all(again);
  await until("it is written to", () => !group.isDoubtful);
  await group.queue.run(() => changeGroup({ core, group, change }));
});

/** Lets a client die as it writes the first envelopes of an intent: its entry is on the chain, nothing is sent. */
function dieBeforeWelcomes({ client }: TestClient): void {
  const { database, closing } = coreOf(client);
  const { level } = database;
  const write = level.batch.bind(level) as (...args: unknown[]) => Promise<void>;
  const writesEnvelopes = (operations: unknown): boolean =>
    Array.isArray(operations) &&
    operations.some(({ key }: { key: Uint8Array }) => key[0] === clientSchema.publication.prefix);
  level.batch = (async (...args: unknown[]) => {
    if (closing.signal.aborted || !writesEnvelopes(args[0])) return await write(...args);
    closing.abort();
    throw new Error("the process died at this write");
  }) as typeof level.batch;
}

test("who adds somebody and dies before the Welcome is stood in for by another member", async () => {
  const names = ["alice", "bob", "carol"];
  await using opened = await openTestGroup({ network, names, finalityBlocks: 1_000 });
  await using dave = await openTestClient({ network, name: "dave" });
  const { group, members } = opened;
  const [alice, bob] = members;
  assert.ok(alice && bob);
  dieBeforeWelcomes(alice);
  await addMembers({ client: alice.client, group, members: [dave.client.inbox] });
  await until("dave in the group", () => isMember(dave, group));
  const said = await sendMessage({ client: bob.client, group, text: "alice is gone" });
  assert.deepEqual(await said.settled, { kind: "delivered" });
  await until("at dave's", async () => (await texts(dave, group)).includes("alice is gone"));
  const stoodIn = (await Promise.all(members.slice(1).map(({ client }) => listIntents({ client })))).flat();
  assert.ok(stoodIn.some(({ action }) => action === "welcome"));
});
