import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readNode } from "../../src/chain/read/readNode.ts";
import { batchHeaderHash } from "../../src/wire/batchHeader.ts";
import { type Envelope, envelopeHash } from "../../src/wire/envelope.ts";
import { shardOfTopic } from "../../src/wire/shards.ts";
import { groupTopic } from "../../src/wire/topic.ts";
import { markBlock, undoAfter } from "../support/reorgs.ts";
import { startTestChain, type TestChain } from "../support/startTestChain.ts";
import { startTestConversation, type TestConversation } from "../support/startTestConversation.ts";
import { startTestNode, type TestNode } from "../support/startTestNode.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { until } from "../support/until.ts";

let chain: TestChain;
let directories: Awaited<ReturnType<typeof temporaryDirectory>>[];
let one: TestNode;
let two: TestNode;
/** By shard. */
const conversations = new Map<number, TestConversation>();
/** By its text. */
const taken = new Map<string, Envelope>();

before(async () => {
  chain = await startTestChain({ shards: 2 });
  directories = await Promise.all([1, 2].map(() => temporaryDirectory()));
  [one, two] = await Promise.all([start(1, "all"), start(2, "0-1")]);
  while (conversations.size < 2) {
    const made = await startTestConversation({ network: chain.network, api: one.api });
    conversations.set(shardOfTopic({ topic: groupTopic(made.group), shards: 2 }), made);
  }
});

after(async () => {
  await Promise.all([one, two].map((node) => node[Symbol.asyncDispose]()));
  await chain[Symbol.asyncDispose]();
  await Promise.all(directories.map((directory) => directory[Symbol.asyncDispose]()));
});

test("a shard that the network lacks is named", async () => {
  await assert.rejects(start(1, "0,2"), { code: "bad-config", message: /WEFT_SHARDS.*2 shards.*none is 2/ });
});

test("a node signs a log of its own in each shard, and anchors those that grow", async () => {
  assert.deepEqual(await ownLogs(one), []);
  await take(one, 1, "first");
  assert.deepEqual(await ownLogs(one), [[1, 1n]]);
  await take(one, 0, "second");
  await take(one, 0, "third");
  assert.deepEqual(await ownLogs(one), [
    [0, 2n],
    [1, 1n],
  ]);
  for (const text of ["first", "second"]) await until(`${text} is anchored`, () => isAnchored(one, text));
  await until("the other one has all", () => hasAll(two, ["first", "second", "third"]));
  assert.equal(await metric(two, "submitted"), 0, "a quiet log costs nothing");
});

test("a node that serves less takes nothing of what it left, and others get what it took alone", async () => {
  await two[Symbol.asyncDispose]();
  await take(one, 1, "taken alone");
  await one[Symbol.asyncDispose]();
  one = await start(1, "0");
  assert.equal((await readNode({ chain: chain.chain, node: one.nodeId }))?.shards, 1n);
  assert.equal((await one.api.getNode({})).shards, 1n);
  const { group, post } = conversationIn(1);
  const [outcome] = await one.api.publish({ envelopes: [post("too late")] });
  assert(outcome?.kind === "refused" && outcome.code === "wrong-shard" && /shard 1/.test(outcome.hint));
  const topics = [{ topic: groupTopic(group) }];
  const hashes = [envelopeHash(taken.get("taken alone") ?? assert.fail())];
  const wrong = { code: "wrong-shard" };
  await assert.rejects(one.api.query({ topics }), wrong);
  await assert.rejects(one.api.getTopicDigests({ topics }), wrong);
  await assert.rejects(one.api.vouch({ hashes }), wrong);
  two = await start(2, "all");
  await until("the other one has it", () => hasAll(two, ["taken alone"]));
  await take(two, 0, "fourth");
  await until("what it still serves goes on", () => hasAll(one, ["fourth"]));
});

test("a node that serves more fetches what was said there, and goes on with its log", async () => {
  await take(two, 1, "while it was away");
  await one[Symbol.asyncDispose]();
  one = await start(1, "all");
  await until("it has it", () => hasAll(one, ["while it was away"]));
  await take(one, 1, "back again");
  await until("the other one takes that", () => hasAll(two, ["back again"]));
  const topics = [{ topic: groupTopic(conversationIn(1).group) }];
  const [mine, others] = await Promise.all([one, two].map((node) => node.api.query({ topics })));
  assert.equal(mine?.envelopes.length, 4);
  assert.equal(others?.envelopes.length, 4);
});

test("a reorganization that takes the change is followed by the same change", async () => {
  const shardsOnChain = async () => (await readNode({ chain: chain.chain, node: one.nodeId }))?.shards;
  await one[Symbol.asyncDispose]();
  const block = await markBlock({ chain });
  one = await start(1, "1");
  assert.equal(await shardsOnChain(), 2n);
  await undoAfter({ chain }, block);
  assert.equal(await shardsOnChain(), 3n);
  chain.resume();
  await until("it is registered so again", async () => (await shardsOnChain()) === 2n);
});

function start(account: number, shards: string): Promise<TestNode> {
  const { path: dataDir } = directories[account - 1] ?? assert.fail();
  return startTestNode({ chain, account, dataDir, chosen: { shards, ownHeadTimeoutMs: "200" } });
}

function conversationIn(shard: number): TestConversation {
  return conversations.get(shard) ?? assert.fail();
}

/** Publishes in the conversation of a shard until the node knows its head. */
async function take(node: TestNode, shard: number, text: string): Promise<void> {
  const envelope = conversationIn(shard).post(text);
  taken.set(text, envelope);
  await until(`${text} is acknowledged`, async () => {
    const [outcome] = await node.api.publish({ envelopes: [envelope] });
    if (outcome?.kind === "acknowledged") assert.equal(outcome.receipt.header.shard, shard);
    return outcome?.kind === "acknowledged";
  });
}

async function hasAll(node: TestNode, texts: readonly string[]): Promise<boolean> {
  const hashes = texts.map((text) => envelopeHash(taken.get(text) ?? assert.fail()));
  return (await node.api.hasEnvelopes({ hashes })).every(Boolean);
}

/** Shard and length of each. */
async function ownLogs(node: TestNode): Promise<[number, bigint][]> {
  const { logs } = await node.api.getNode({});
  return logs
    .filter(({ log }) => log.node === node.nodeId)
    .map(({ log, next }): [number, bigint] => [log.shard, next])
    .sort(([a], [b]) => a - b);
}

async function isAnchored(node: TestNode, text: string): Promise<boolean> {
  const [outcome] = await node.api.publish({ envelopes: [taken.get(text) ?? assert.fail()] });
  assert(outcome?.kind === "acknowledged");
  const { header, headerBytes } = outcome.receipt;
  const { generation, shard, firstSequence: first } = header;
  const log = { node: header.node, generation, shard };
  const batches = [{ log, first, headerHash: batchHeaderHash(headerBytes) }];
  const [coverage] = (await node.api.getCoverage({ batches })).batches;
  return coverage?.kind === "covered";
}

async function metric(node: TestNode, outcome: string): Promise<number> {
  const page = await (await fetch(`${node.url}/metrics`)).text();
  return Number(page.match(new RegExp(`weft_checkpoints\\{outcome="${outcome}"\\} (\\d+)`))?.[1] ?? 0);
}
