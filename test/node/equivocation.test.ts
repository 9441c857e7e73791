import assert from "node:assert/strict";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { batchHeaderHash } from "../../src/wire/batchHeader.ts";
import { envelopeHash } from "../../src/wire/envelope.ts";
import type { NodeId } from "../../src/wire/ids.ts";
import type { Receipt } from "../../src/wire/receipt.ts";
import { markBlock, undoAfter } from "../support/reorgs.ts";
import { startColluder } from "../support/startColluder.ts";
import { startTestConversation, type TestConversation } from "../support/startTestConversation.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { startTestNode, type TestNode } from "../support/startTestNode.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { until } from "../support/until.ts";

const ZERO_HASH = `0x${"00".repeat(32)}` as const;

let network: TestNetwork;
let peer: TestNode;
let conversation: TestConversation;

before(async () => {
  network = await startTestNetwork({ nodes: 2 });
  peer = network.nodes[0] ?? assert.fail();
  conversation = await startTestConversation({ network: network.chain.network, api: peer.api });
});

after(() => network[Symbol.asyncDispose]());

async function recordOf(node: NodeId) {
  return (await peer.api.listNodes({})).nodes.find((one) => one.node === node);
}

test("who signs two batches for one place is out, by whoever saw it, also where a reorganization took that", async () => {
  await using evil = await startColluder({ network, account: 5 });
  const anchorBlock = (await peer.api.getNode({})).head?.number ?? 1;
  const first = conversation.post("first");
  await evil.take(first, { anchorBlock });
  assert.equal((await recordOf(evil.node))?.disabledBlock, undefined);
  const block = await markBlock(network);
  await evil.take(conversation.post("rival"), { anchorBlock, firstSequence: 0n, previous: ZERO_HASH });
  const isOut = async () => (await recordOf(evil.node))?.disabledBlock !== undefined;
  await until("it is disabled", isOut);
  assert.equal((await recordOf(evil.node))?.bondWei, 0n);
  const peersOf = async (node: TestNode) => (await node.api.getNode({})).peers;
  for (const node of network.nodes) {
    await until("its peers have left it", async () => (await peersOf(node)) === 1);
    const kept = await node.api.hasEnvelopes({ hashes: [envelopeHash(first)] });
    assert.deepEqual(kept, [true], "what it wrote before");
  }
  await undoAfter(network, block);
  network.chain.resume();
  await until("the registry has forgotten, and is told again", isOut);
  {
    // Whoever waits less drops the record first.
    const chosen = { dropAfterBlocks: "8" };
    await using _ = await startTestNode({ chain: network.chain, account: 7, chosen });
    assert.equal((await recordOf(evil.node))?.isDropped, false);
    const isDropped = async () => (await recordOf(evil.node))?.isDropped === true;
    await until("its record is dropped", isDropped);
    const kept = await peer.api.hasEnvelopes({ hashes: [envelopeHash(first)] });
    assert.deepEqual(kept, [true], "what it wrote before stays with those who have it");
  }
});

test("an old copy of a node, and two with one key, sign in generations of their own: nobody is framed", async () => {
  const { chain } = network;
  await using directory = await temporaryDirectory();
  const [here, there] = ["here", "there"].map((name) => join(directory.path, name));
  assert(here !== undefined && there !== undefined);
  const receipts: Receipt[] = [];
  const start = (dataDir: string) => startTestNode({ chain, account: 6, dataDir });
  const say = async (node: TestNode, text: string) => {
    const envelope = conversation.post(text);
    await until("it is taken", async () => {
      const [outcome] = await node.api.publish({ envelopes: [envelope] });
      if (outcome?.kind === "acknowledged") receipts.push(outcome.receipt);
      return outcome?.kind === "acknowledged";
    });
    return receipts.at(-1)?.header.generation;
  };
  const before = await start(here);
  const { nodeId } = before;
  assert.equal(await say(before, "before the copy"), 1n);
  await before[Symbol.asyncDispose]();
  await cp(here, there, { recursive: true });
  {
    await using original = await start(here);
    assert.equal(await say(original, "it goes on where it was closed"), 1n);
    await using copied = await start(there);
    assert.equal(copied.nodeId, nodeId);
    assert.notEqual(await say(copied, "a copy does not"), 1n);
    assert.equal(await say(original, "both at once"), 1n);
  }
  await rm(join(here, "database"), { recursive: true });
  await cp(join(there, "database"), join(here, "database"), { recursive: true });
  await using restored = await start(here);
  const generations = new Set(receipts.map(({ header }) => header.generation));
  const generation = await say(restored, "restored from a copy");
  assert.ok(generation !== undefined && !generations.has(generation));

  const headers = new Map(receipts.map((one) => [batchHeaderHash(one.headerBytes), one.header]));
  const places = [...headers.values()].map((one) => `${one.generation}/${one.firstSequence}`);
  assert.equal(new Set(places).size, headers.size, "no place was signed twice");
  assert.equal((await recordOf(nodeId))?.disabledBlock, undefined);
});
