import assert from "node:assert/strict";
import { test } from "node:test";
import { headersByHash, verifyCoverage } from "../../src/reconciler/messages/verifyCoverage.ts";
import { appendPeerBatch } from "../../src/store/node/appendBatch.ts";
import { applyChainPage, rollbackChain } from "../../src/store/node/applyChainPage.ts";
import { openChainIndex } from "../../src/store/node/chainIndex.ts";
import { findCoverage } from "../../src/store/node/findCoverage.ts";
import { pruneLogs } from "../../src/store/node/pruneLogs.ts";
import { lastCheckpointOf } from "../../src/store/node/readCheckpoints.ts";
import type { Batch } from "../../src/wire/batch.ts";
import { batchHeaderHash } from "../../src/wire/batchHeader.ts";
import type { BatchPlace } from "../../src/wire/batchPlace.ts";
import type { EntryId, Hex } from "../../src/wire/ids.ts";
import { openTestStore } from "../support/openTestStore.ts";
import { testId } from "../support/testIntent.ts";
import { testNetwork } from "../support/testNetwork.ts";
import { testEnvelope, testOriginator } from "../support/testOriginator.ts";

const MAX_HEADERS = 8;
const junk: Hex = testId<EntryId>(77);

async function openNode() {
  const opened = await openTestStore();
  const { store } = opened;
  const index = await openChainIndex({ database: store.database });
  const { log, next } = testOriginator("covered");
  let block = 0;
  const ref = (number: number) => ({ number, hash: testId<EntryId>(number), time: number });
  const hold = async (...batches: Batch[]) => {
    for (const batch of batches) await appendPeerBatch({ store, batch });
  };
  /** In the next block. */
  const checkpoint = async (sequence: bigint, headerHash: Hex) => {
    const at = ref(++block);
    const record = { kind: "checkpoint", ...log, sequence, headerHash, block: at, logIndex: 0 } as const;
    await applyChainPage({ index, page: { to: at, finalBlock: 0, blocks: [at], records: [record] } });
  };
  const forget = async (number: number) => {
    await rollbackChain({ index, to: ref(number) });
    block = number;
  };
  const find = (batches: readonly BatchPlace[], maxHeaders = MAX_HEADERS) =>
    findCoverage({ store, index, batches, maxHeaders });
  /** By kind, and the block if it is covered; every claim is checked as a client checks it. */
  const told = async (batches: readonly BatchPlace[], maxHeaders = MAX_HEADERS) => {
    const page = await find(batches, maxHeaders);
    assert.ok(page.headers.length <= maxHeaders);
    const headers = headersByHash(page.headers);
    return batches.map((batch, i) => {
      const coverage = page.batches[i];
      assert.ok(coverage);
      const proven = verifyCoverage({ network: testNetwork, batch, coverage, headers });
      if (proven.kind === "covered") return proven.block;
      return proven.kind === "unserved" ? proven.reason : proven.kind;
    });
  };
  const say = (text: string, header = {}) => next([testEnvelope({ topic: 1, text })], header);
  const dispose = () => opened[Symbol.asyncDispose]();
  return { store, index, log, say, hold, checkpoint, forget, find, told, [Symbol.asyncDispose]: dispose };
}

const place = ({ header, headerBytes }: Batch): BatchPlace => ({
  log: { node: header.node, generation: header.generation, shard: header.shard },
  first: header.firstSequence,
  headerHash: batchHeaderHash(headerBytes),
});
const hashOf = (batch: Batch | undefined) => (batch ? place(batch).headerHash : junk);

test("each batch has the earliest checkpoint at or after it, and those after the last one have none", async () => {
  await using node = await openNode();
  const batches = ["a", "b", "c", "d", "e"].map((text) => node.say(text));
  await node.hold(...batches);
  await node.checkpoint(1n, hashOf(batches[1]));
  await node.checkpoint(1n, hashOf(batches[1]));
  await node.checkpoint(3n, hashOf(batches[3]));
  assert.deepEqual(await node.told(batches.map(place)), [1, 1, 3, 3, "uncovered"]);
  await node.checkpoint(2n, hashOf(batches[2]));
  assert.deepEqual(await lastCheckpointOf(node), { sequence: 3n, block: 3 }, "one that goes back is none");
  await node.forget(2);
  assert.deepEqual(await node.told(batches.map(place)), [1, 1, "uncovered", "uncovered", "uncovered"]);
});

test("a checkpoint far away is reached page by page, and a full page says so", async () => {
  await using node = await openNode();
  const batches = Array.from({ length: 3 * MAX_HEADERS }, (_, i) => node.say(`${i}`));
  await node.hold(...batches);
  await node.checkpoint(BigInt(batches.length - 1), hashOf(batches.at(-1)));
  const [first, second] = batches;
  assert.ok(first && second);
  assert.deepEqual(await node.told([place(first), place(second)]), ["linked", "linked"]);
  let at = place(first);
  let pages = 0;
  for (; pages < 10; pages++) {
    const [found] = (await node.find([at])).batches;
    if (found?.kind !== "linked") break;
    at = found.to;
  }
  assert.deepEqual([await node.told([at]), pages], [[1], 3]);
  const { log } = testOriginator("nobody");
  const unknown = { log, first: 0n, headerHash: junk };
  assert.deepEqual(await node.told([unknown]), ["uncovered"]);
});

test("what does not fit beside others is asked for again", async () => {
  await using node = await openNode();
  const batches = Array.from({ length: 12 }, (_, i) => node.say(`${i}`));
  await node.hold(...batches);
  await node.checkpoint(5n, hashOf(batches[5]));
  await node.checkpoint(11n, hashOf(batches[11]));
  const asked = [0, 6].map((i) => batches[i]).flatMap((batch) => (batch ? [place(batch)] : []));
  assert.deepEqual(await node.told(asked), [1, "later"]);
  assert.deepEqual(await node.told(asked.slice(1)), [2]);
});

test("of a forked log a branch is covered by its own checkpoint only, and junk covers nothing", async () => {
  await using node = await openNode();
  const root = node.say("root");
  const left = node.say("left");
  const right = node.say("right", { firstSequence: 1n, previous: hashOf(root) });
  const after = node.say("after right");
  const hidden = node.say("hidden", { firstSequence: 1n, previous: hashOf(root) });
  await node.hold(root, left, right, after);
  await node.checkpoint(1n, hashOf(left));
  assert.deepEqual(await node.told([root, left, right, hidden].map(place)), [1, 1, "uncovered", "uncovered"]);
  await node.checkpoint(2n, hashOf(after));
  assert.deepEqual(await node.told([root, left, right, after].map(place)), [1, 1, 2, 2]);
  await node.checkpoint(3n, hashOf(after));
  const next = node.say("of no checkpoint", { firstSequence: 3n, previous: hashOf(after) });
  await node.hold(next);
  assert.deepEqual(await node.told([next].map(place)), ["uncovered"], "a header covers what it says");
});

test("a node says what it lacks and what it has pruned", async () => {
  await using node = await openNode();
  const [first, second, third] = ["a", "b", "c"].map((text) => node.say(text));
  assert.ok(first && second && third);
  await node.hold(first, third);
  await node.checkpoint(2n, hashOf(third));
  assert.deepEqual(await node.told([first, third].map(place)), ["absent", 1]);
  await node.hold(second);
  assert.deepEqual(await node.told([first, third].map(place)), [1, 1]);
  await pruneLogs({ store: node.store, retention: { group: 0 }, now: Date.now() + 1 });
  assert.deepEqual(await node.told([place(first)]), ["pruned"]);
});
