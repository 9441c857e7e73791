import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { callRpc } from "../../src/devnet/callRpc.ts";
import { batchHeaderHash } from "../../src/wire/batchHeader.ts";
import type { BatchPlace } from "../../src/wire/batchPlace.ts";
import type { BatchCoverage } from "../../src/wire/coverage.ts";
import type { Envelope } from "../../src/wire/envelope.ts";
import { FENCE_BLOCKS } from "../../src/wire/limits.ts";
import type { Receipt } from "../../src/wire/receipt.ts";
import { startTestChain, type TestChain } from "../support/startTestChain.ts";
import { startTestConversation, type TestConversation } from "../support/startTestConversation.ts";
import { startTestNode, type TestNode } from "../support/startTestNode.ts";
import { until } from "../support/until.ts";

let chain: TestChain;
let node: TestNode;
let conversation: TestConversation;

before(async () => {
  chain = await startTestChain();
  node = await startTestNode({ chain, account: 1 });
  conversation = await startTestConversation({ network: chain.network, api: node.api });
  await chain.pause();
});
after(async () => {
  await node[Symbol.asyncDispose]();
  await chain[Symbol.asyncDispose]();
});

async function publish(text: string, by: TestNode = node): Promise<BatchPlace> {
  return placeOf(await receiptOf(conversation.post(text), by));
}

async function receiptOf(envelope: Envelope, by: TestNode): Promise<Receipt> {
  const [outcome] = await by.api.publish({ envelopes: [envelope] });
  assert(outcome?.kind === "acknowledged");
  return outcome.receipt;
}

function placeOf({ header, headerBytes }: Receipt): BatchPlace {
  const { node: id, generation, shard, firstSequence: first } = header;
  return { log: { node: id, generation, shard }, first, headerHash: batchHeaderHash(headerBytes) };
}

async function coverageOf(batch: BatchPlace, by: TestNode = node): Promise<BatchCoverage | undefined> {
  return (await by.api.getCoverage({ batches: [batch] })).batches[0];
}

/** The block of the checkpoint that covers a batch. */
async function coveringBlock(batch: BatchPlace): Promise<number> {
  let block: number | undefined;
  await until("the batch covered", async () => {
    const coverage = await coverageOf(batch);
    block = coverage?.kind === "covered" ? coverage.checkpoint.block : undefined;
    return block !== undefined;
  });
  return block ?? 0;
}

async function waiting(): Promise<number> {
  const { rpcUrl } = chain;
  return Number((await callRpc<{ pending: string }>({ rpcUrl, method: "txpool_status" })).pending);
}

async function newestBlock(): Promise<number> {
  return Number(await callRpc<string>({ rpcUrl: chain.rpcUrl, method: "eth_blockNumber" }));
}

/** Mines blocks that the node reads one by one, without any transaction. */
async function mineQuiet(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    assert.equal(await waiting(), 0, `a checkpoint after ${i} blocks`);
    await chain.mine(1);
    const block = await newestBlock();
    await until("the block read", async () => (await node.api.getNode({})).head?.number === block);
  }
}

async function metric(outcome: string): Promise<number> {
  const page = await (await fetch(`${node.metricsUrl}/metrics`)).text();
  return Number(page.match(new RegExp(`weft_checkpoints_total\\{outcome="${outcome}"\\} (\\d+)`))?.[1] ?? 0);
}

test("the first batch after a quiet time is anchored at once, later ones once in half the fence's time", async () => {
  const first = await publish("first");
  await until("the first checkpoint sent", async () => (await waiting()) === 1);
  const second = await publish("second");
  await chain.mine(1);
  const block = await coveringBlock(first);
  assert.equal(await metric("submitted"), 1);
  assert.equal((await coverageOf(second))?.kind, "uncovered");
  await mineQuiet(block + FENCE_BLOCKS / 2 - 1 - (await newestBlock()));
  await chain.mine(1);
  await until("the second checkpoint sent", async () => (await waiting()) === 1);
  await chain.mine(1);
  assert.ok((await coveringBlock(second)) <= block + FENCE_BLOCKS / 2 + 1);
  await mineQuiet(FENCE_BLOCKS / 2 + 2);
  assert.equal(await metric("submitted"), 2, "a quiet log costs nothing");
});

test("a reorganization takes a checkpoint and the node makes it again", async () => {
  const batch = await publish("anchored twice");
  await until("the checkpoint sent", async () => (await waiting()) === 1);
  await chain.mine(1);
  await coveringBlock(batch);
  assert.deepEqual(await chain.reorg({ depth: 1 }), { kind: "done" });
  await until("the checkpoint sent again", async () => (await waiting()) > 0);
  assert.equal((await coverageOf(batch))?.kind, "uncovered");
  await chain.mine(1);
  await coveringBlock(batch);
});

test("while the chain stands still messages go on and nothing piles up; nor is a node without funds held up", async () => {
  await chain.mine(FENCE_BLOCKS);
  const block = await newestBlock();
  await until("the blocks read", async () => (await node.api.getNode({})).head?.number === block);
  const sent = await metric("submitted");
  const batches: BatchPlace[] = [];
  for (let i = 0; i < 20; i++) batches.push(await publish(`while nothing moves ${i}`));
  await until("one checkpoint sent", async () => (await waiting()) === 1);
  assert.equal(await metric("submitted"), sent + 1);

  const { rpcUrl } = chain;
  const address = chain.accounts[1]?.address;
  await callRpc({ rpcUrl, method: "anvil_setBalance", args: [address, "0x0"] });
  await callRpc({ rpcUrl, method: "anvil_dropAllTransactions" });
  await chain.mine(FENCE_BLOCKS);
  await until("a checkpoint failed", async () => (await metric("failed")) > 0);
  const poor = await publish("by a node without funds");
  assert.equal((await coverageOf(poor))?.kind, "uncovered");
  await callRpc({ rpcUrl, method: "anvil_setBalance", args: [address, "0x8ac7230489e80000"] });
  await until("a checkpoint again", async () => (await waiting()) > 0);
  // It may have been on its way before the poor node's batch; the next one comes after half the fence's time.
  await until("the batch covered", async () => {
    await chain.mine(1);
    return (await coverageOf(poor))?.kind === "covered";
  });
  for (const batch of batches) assert.equal((await coverageOf(batch))?.kind, "covered");
});
