import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setNodeShards } from "../../src/chain/registry/setNodeShards.ts";
import { openRelayer } from "../../src/chain/submit/openRelayer.ts";
import { rankGroupNodes } from "../../src/client/asking/rankGroupNodes.ts";
import { coreOf } from "../../src/client/client.ts";
import { readDirectory } from "../../src/client/directory/readDirectory.ts";
import { checkTopic } from "../../src/client/links/checkTopic.ts";
import { isWeftError } from "../../src/errors.ts";
import { createGroup, groupStatus, preferNode, rankNodes, sendMessage, syncStatus } from "../../src/index.ts";
import { connectNode, type NodeConnection } from "../../src/rpc/connectNode.ts";
import { envelopeHash } from "../../src/wire/envelope.ts";
import type { GroupId, NodeId } from "../../src/wire/ids.ts";
import { hasShard, shardOfTopic, shardsIn } from "../../src/wire/shards.ts";
import { groupTopic } from "../../src/wire/topic.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { say } from "../support/say.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { startTestNode, type TestNode } from "../support/startTestNode.ts";
import { startWithholder, type Withholder } from "../support/startWithholder.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

const SHARDS = 4;
/** Each shard has two nodes or three, of as many operators. */
const SERVES = ["0,1", "1,2", "2-3", "0,3", "0,2"];

let network: TestNetwork;
/** Stands before the third node, for bob. */
let evil: Withholder;
let alice: TestClient;
let bob: TestClient;
/** By shard. */
const groups = new Map<number, GroupId>();
/** What nodes have refused to both because of its shard. */
const refused: string[] = [];

before(async () => {
  network = await startTestNetwork({ nodes: SERVES.length, shards: SHARDS, serves: SERVES, blockMs: 250 });
  evil = await startWithholder({ node: nodeAt(2) });
  const behind = { chain: network.chain, nodes: network.nodes.with(2, { ...nodeAt(2), url: evil.url }) };
  alice = await openTestClient({ network, name: "alice", connect });
  bob = await openTestClient({ network: behind, name: "bob", connect });
  for (let shard = 0; shard < SHARDS; shard++) groups.set(shard, await foundIn(shard));
  for (const group of groups.values()) await until("bob in the group", () => isMember(bob, group));
});

after(async () => {
  await alice[Symbol.asyncDispose]();
  await bob[Symbol.asyncDispose]();
  await evil[Symbol.asyncDispose]();
  await network[Symbol.asyncDispose]();
});

test("a conversation in each shard: what is said is on the nodes that serve it, and on no others", async () => {
  for (const [shard, group] of groups) {
    await say(alice, group, `to ${shard}`);
    await say(bob, group, `from ${shard}`);
    await bothRead(group, [`to ${shard}`, `from ${shard}`]);
    const serving = nodesOf(shard);
    const ranked = await rankNodes({ client: alice.client, group });
    assert.deepEqual(new Set(ranked.map(({ node }) => node)), new Set(serving.map(({ nodeId }) => nodeId)));
    const page = await serving[0]?.api.query({ topics: [{ topic: groupTopic(group) }] });
    const hashes = page?.envelopes.map(({ envelope }) => envelopeHash(envelope)) ?? [];
    assert.ok(hashes.length >= 2);
    for (const node of network.nodes) {
      const isServing = serving.includes(node);
      const has = async () => await node.api.hasEnvelopes({ hashes });
      await until("those that serve it have it", async () => (await has()).every((one) => one === isServing));
    }
  }
  for (const { api } of network.nodes) {
    const { logs, shards } = await api.getNode({});
    for (const { log } of logs) assert.ok(hasShard({ bitmap: shards, shard: log.shard }));
  }
  assert.deepEqual(refused, [], "nobody asks a node for what it does not serve");
});

test("a node that does not serve a conversation's shard refuses what is of it, and can't be preferred", async () => {
  const group = groupIn(3);
  const { api, nodeId } = nodeAt(0);
  const topics = [{ topic: groupTopic(group) }];
  const wrong = { code: "wrong-shard", message: /shard 3/ };
  await assert.rejects(api.query({ topics }), wrong);
  await assert.rejects(api.getTopicDigests({ topics }), wrong);
  await assert.rejects(async () => {
    for await (const event of api.subscribe({ topics })) assert.notEqual(event.kind, "idle");
  }, wrong);
  const page = await nodeAt(2).api.query({ topics });
  const [shown] = page.envelopes;
  const [receipt] = shown?.receipts ?? [];
  assert.ok(shown && receipt);
  const [outcome] = await api.publish({ envelopes: [shown.envelope] });
  assert.ok(outcome?.kind === "refused" && outcome.code === "wrong-shard");
  const { node, generation, shard, firstSequence: first, root: headerHash } = receipt.header;
  const batches = [{ log: { node, generation, shard }, first, headerHash }];
  await assert.rejects(api.getCoverage({ batches }), wrong);
  const keys = [alice, bob].map(({ client }) => coreOf(client).self.installation.key);
  const asked = await Promise.allSettled(
    network.nodes.map((one) => one.api.getKeyPackages({ installations: keys })),
  );
  assert.ok(asked.some(({ status }) => status === "rejected"));
  const preferring = preferNode({ client: alice.client, group, node: nodeId });
  await assert.rejects(preferring, { ...wrong, hint: new RegExp(nodeAt(2).url) });
});

test("who leaves a message out is noticed by another node of that shard", async () => {
  const group = groupIn(2);
  const told: unknown[] = [];
  coreOf(bob.client).events.listen((event) => event.kind === "withheld" && told.push(event));
  await preferNode({ client: bob.client, group, node: evil.nodeId });
  await until("it serves bob", async () => (await servedBy(bob, group)) === evil.nodeId);
  const topic = groupTopic(group).join();
  evil.hide(({ envelope }) => envelope.topic.join() === topic);
  await say(alice, group, "sell now");
  const core = coreOf(bob.client);
  const signal = AbortSignal.timeout(60_000);
  await until("bob is told", async () => {
    const ranked = await rankGroupNodes({ core, group });
    const check = { core, topic: groupTopic(group), ranked, lacking: new Set<NodeId>(), signal };
    if (told.length === 0) await checkTopic(check);
    return told.length > 0;
  });
  assert.deepEqual(told, [{ kind: "withheld", what: "messages", group, node: evil.nodeId }]);
  assert.ok((await texts(bob, group)).includes("sell now"));
});

test("where a shard's node goes, another of its nodes takes over; a fresh one fetches that shard alone", async () => {
  const [leaving, staying] = nodesOf(1);
  assert.ok(leaving && staying);
  await leaving[Symbol.asyncDispose]();
  const said = await sendMessage({ client: alice.client, group: groupIn(1), text: "by the other one" });
  assert.deepEqual(await said.acknowledged, { kind: "delivered" });
  await bothRead(groupIn(1), ["by the other one"]);
  const { chain } = network;
  await using fresh = await startTestNode({ chain, account: SERVES.length + 1, chosen: { shards: "1" } });
  const { logs } = await staying.api.getNode({});
  const wanted = logs.filter(({ log }) => log.shard === 1);
  const held = async () => (await fresh.api.getNode({})).logs;
  for (const { log, next } of wanted) {
    const isHere = async () =>
      (await held()).some((one) => one.log.node === log.node && one.log.shard === 1 && one.next >= next);
    await until("the shard fetched", isHere);
  }
  assert.deepEqual(new Set((await held()).map(({ log }) => log.shard)), new Set([1]));
  assert.deepEqual(shardsIn((await fresh.api.getNode({})).shards), [1]);
  assert.deepEqual(await said.settled, { kind: "delivered" }, "by the word of the fresh one");
  await say(bob, groupIn(1), "with a fresh one");
  await bothRead(groupIn(1), ["with a fresh one"]);
  assert.deepEqual((await syncStatus({ client: alice.client })).unservedShards, []);
});

test("while no node serves a shard its conversations wait and say so, and go on when one registers", async () => {
  const group = groupIn(1);
  const { nodes } = await nodeAt(2).api.listNodes({});
  await nodeAt(1)[Symbol.asyncDispose]();
  // All nodes of this shard are down.
  for (const [account, shards] of [
    [1, 1n],
    [2, 4n],
    [SERVES.length + 1, 1n],
  ] as const) {
    const operator = openRelayer({ privateKey: network.chain.accounts[account]?.privateKey ?? "0x" });
    const { node } = nodes.find((one) => one.operator === operator.address) ?? assert.fail();
    await setNodeShards({ chain: network.chain.chain, operator, node, shards });
  }
  const { client } = alice;
  const core = coreOf(client);
  const waiting = async () => (await syncStatus({ client })).unservedShards;
  const { witnesses, database } = core;
  const signal = AbortSignal.timeout(60_000);
  await until("alice knows", async () => {
    await readDirectory({ witnesses, database, network: network.chain.network, signal });
    return (await waiting()).includes(1);
  });
  assert.deepEqual(await rankNodes({ client, group }), []);
  const said = await sendMessage({ client, group, text: "later" });
  const faultOf = async () =>
    (await syncStatus({ client })).groups.find((one) => one.group === group)?.unreadFor;
  await until("it says why", async () => (await faultOf()) === "no-node");
  const { chain } = network;
  await using _ = await startTestNode({ chain, account: SERVES.length + 2, chosen: { shards: "1" } });
  assert.deepEqual(await said.acknowledged, { kind: "delivered" });
  await bothRead(group, ["later"]);
  assert.deepEqual(await waiting(), []);
});

function connect({ url }: { url: string }): NodeConnection {
  const connection = connectNode({ url });
  const note = (error: unknown): never => {
    if (isWeftError(error, "wrong-shard")) refused.push(error.message);
    throw error;
  };
  return {
    ...connection,
    query: (request, call) => connection.query(request, call).catch(note),
    vouch: (request, call) => connection.vouch(request, call).catch(note),
    getTopicDigests: (request, call) => connection.getTopicDigests(request, call).catch(note),
    getKeyPackages: (request, call) => connection.getKeyPackages(request, call).catch(note),
    getCoverage: (request, call) => connection.getCoverage(request, call).catch(note),
    publish: async (request, call) => {
      const outcomes = await connection.publish(request, call);
      for (const one of outcomes)
        if (one.kind === "refused" && one.code === "wrong-shard") refused.push(one.hint);
      return outcomes;
    },
    subscribe: async function* (request, call) {
      try {
        yield* connection.subscribe(request, call);
      } catch (error) {
        note(error);
      }
    },
  };
}

/** A client draws a group of a shard that is served, as far as it knows: so here of this one. */
async function foundIn(shard: number): Promise<GroupId> {
  const { nodes } = coreOf(alice.client).links;
  const known = [...nodes];
  for (const [id, node] of known) nodes.set(id, { ...node, shards: `${2 ** shard}` });
  const founding = createGroup({ client: alice.client, name: "g", members: [bob.client.inbox] });
  for (const [id, node] of known) nodes.set(id, node);
  const { group } = await founding;
  assert.equal(shardOfTopic({ topic: groupTopic(group), shards: SHARDS }), shard);
  return group;
}

function nodeAt(at: number): TestNode {
  return network.nodes[at] ?? assert.fail();
}

function nodesOf(shard: number): TestNode[] {
  const served = [
    [0, 1],
    [1, 2],
    [2, 3],
    [0, 3],
    [0, 2],
  ];
  return network.nodes.filter((_, i) => served[i]?.includes(shard));
}

function groupIn(shard: number): GroupId {
  return groups.get(shard) ?? assert.fail();
}

async function bothRead(group: GroupId, wanted: readonly string[]): Promise<void> {
  for (const client of [alice, bob]) {
    const reads = async () => {
      const read = await texts(client, group);
      return wanted.every((text) => read.includes(text));
    };
    await until(`all read ${wanted.join()}`, reads);
  }
}

async function servedBy({ client }: TestClient, group: GroupId) {
  return (await groupStatus({ client, group })).node;
}
