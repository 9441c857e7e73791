import assert from "node:assert/strict";
import { test } from "node:test";
import { headersByHash, openIntake } from "../../src/mesh/intake.ts";
import type { RegisteredNode } from "../../src/mesh/nodeDirectory.ts";
import { bindMeshLog } from "../../src/node/bindMeshLog.ts";
import { appendPeerBatch } from "../../src/store/node/appendBatch.ts";
import { logStateOf } from "../../src/store/node/logStore.ts";
import type { Batch } from "../../src/wire/batch.ts";
import { batchHeaderHash } from "../../src/wire/batchHeader.ts";
import { ANCHOR_LEAD_BLOCKS, LEAVING_GRACE_BLOCKS, MAX_LIVE_GENERATIONS } from "../../src/wire/limits.ts";
import { openTestStore } from "../support/openTestStore.ts";
import { registeredNode } from "../support/registeredNode.ts";
import { startTestMesh } from "../support/startTestMesh.ts";
import { testDirectory } from "../support/testDirectory.ts";
import { testNetwork } from "../support/testNetwork.ts";
import { testEnvelope, testOriginator } from "../support/testOriginator.ts";
import { until } from "../support/until.ts";

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined };
const from = "peer";
const LEFT_AT = 50;
const gone = { kind: "ignore", reason: "originator-left" };
const stored = { kind: "accept", stored: true };

/** An intake over a real store of a node that has read the chain up to `block`, and knows of one checkpoint. */
async function openEnded(change: Partial<RegisteredNode>, block = LEFT_AT + 10) {
  const opened = await openTestStore();
  const directory = testDirectory();
  const originator = testOriginator("ended");
  directory.set(registeredNode(originator, change));
  const log = bindMeshLog(opened.store);
  const view = { block, covered: undefined as Batch | undefined };
  const intake = openIntake({
    ...{ network: testNetwork, directory, log, checkBatch: () => "good", originatorBytesPerMinute: 1e9 },
    chainBlock: () => view.block,
    checkpointFrom: async ({ log: { generation }, sequence }) => {
      if (view.covered === undefined || view.covered.header.generation !== generation) return undefined;
      const { header, headerBytes } = view.covered;
      const last = header.firstSequence + BigInt(header.count) - 1n;
      return last < sequence ? undefined : { sequence: last, headerHash: batchHeaderHash(headerBytes) };
    },
    logger: silent,
  });
  const make = (text: string, header = {}) =>
    originator.next([testEnvelope({ topic: 1, text })], { anchorBlock: LEFT_AT, ...header });
  const take = (batch: Batch, page: readonly Batch[] = []) =>
    intake.take({ batch, from, beside: headersByHash(page) });
  const dispose = async (): Promise<void> => {
    intake[Symbol.dispose]();
    await opened[Symbol.asyncDispose]();
  };
  return { directory, originator, intake, view, make, take, [Symbol.asyncDispose]: dispose };
}

test("of a node that was disabled nothing is taken but what a checkpoint covers, in whatever order it comes", async () => {
  await using opened = await openEnded({ leavingBlock: LEFT_AT, disabledBlock: LEFT_AT + 5 });
  const { make, take, view } = opened;
  const batches = ["0", "1", "2", "3"].map((text) => make(text));
  const [first, second, third, fourth] = batches;
  assert.ok(first && second && third && fourth);
  for (const batch of batches) assert.deepEqual(await take(batch, batches), gone);
  view.covered = third;
  assert.deepEqual(await take(first), gone, "what lies between is not known");
  assert.deepEqual(await take(third), stored);
  assert.deepEqual(await take(second), stored, "named by one that is held");
  assert.deepEqual(await take(first), stored);
  assert.deepEqual(await take(fourth, batches), gone);
  const rival = make("rival", { firstSequence: 1n, previous: batchHeaderHash(first.headerBytes) });
  assert.deepEqual(await take(rival, batches), gone, "another branch than the checkpoint's");
});

test("a page from its beginning up to a checkpoint is taken as it comes", async () => {
  await using opened = await openEnded({ disabledBlock: LEFT_AT });
  const { make, take, view } = opened;
  const page = Array.from({ length: 6 }, (_, i) => make(`${i}`));
  view.covered = page[4];
  const verdicts = [];
  for (const batch of page) verdicts.push(await take(batch, page));
  assert.deepEqual(verdicts, [stored, stored, stored, stored, stored, gone]);
});

test("a newcomer gets what a checkpoint covers of a node that was disabled, also beyond a page, and nothing more", async () => {
  const directory = testDirectory();
  const originator = testOriginator("disabled");
  directory.set(registeredNode(originator, { disabledBlock: LEFT_AT }));
  const batches = Array.from({ length: 14 }, (_, i) =>
    originator.next([testEnvelope({ topic: 1, text: `${i}`.padEnd(60_000) })]),
  );
  const last = batches[11] ?? assert.fail();
  const covered = { sequence: 11n, headerHash: batchHeaderHash(last.headerBytes) };
  const checkpointFrom = async ({ sequence }: { sequence: bigint }) => (sequence > 11n ? undefined : covered);
  await using holder = await startTestMesh({ name: "holder", directory });
  for (const batch of batches) await appendPeerBatch({ store: holder.store, batch });
  await using newcomer = await startTestMesh({ name: "newcomer", directory, checkpointFrom });
  for (const mesh of [holder, newcomer]) mesh.register(directory);
  const next = () => logStateOf(newcomer.store.state, originator.log).next;
  await until("all that is covered is there", () => next() === 12n);
  await newcomer.mesh.syncNow();
  assert.equal(next(), 12n);
});

test("who leaves is heard for an hour, whose last batches peers may lack; nothing is anchored later", async () => {
  await using opened = await openEnded({ leavingBlock: LEFT_AT });
  const { make, take, view } = opened;
  view.block = LEFT_AT + LEAVING_GRACE_BLOCKS;
  assert.deepEqual(await take(make("last")), stored);
  assert.deepEqual(await take(make("later", { anchorBlock: LEFT_AT + 1 })), gone);
  view.block++;
  assert.deepEqual(await take(make("backdated", { firstSequence: 1n })), gone);
});

test("of generations that a node has left long ago only what a checkpoint covers is taken", async () => {
  const formerGenerations = Array.from({ length: 40 }, (_, i) => 10 * (i + 1));
  await using opened = await openEnded({ formerGenerations, generation: 999 });
  const { make, take, view } = opened;
  const first = (generation: number) =>
    make(`${generation}`, { generation: BigInt(generation), firstSequence: 0n });
  const old = { kind: "ignore", reason: "old-generation" };
  const oldestLive = formerGenerations.at(1 - MAX_LIVE_GENERATIONS) ?? assert.fail();
  assert.deepEqual(await take(first(999)), stored);
  assert.deepEqual(await take(first(oldestLive)), stored);
  assert.deepEqual(await take(first(oldestLive - 10)), old);
  assert.deepEqual(await take(first(oldestLive + 1)), old, "one that was never opened");
  assert.deepEqual(await take(first(1_000)), { kind: "park", reason: "unknown-generation" });
  const covered = first(20);
  view.covered = covered;
  assert.deepEqual(await take(covered), stored);
});

test("an anchor ahead of what this node has read waits, and is judged when the chain comes", async () => {
  await using opened = await openEnded({});
  const { make, take, intake, view, directory, originator } = opened;
  const waits = { kind: "park", reason: "anchor-ahead" };
  assert.deepEqual(await take(make("near", { anchorBlock: view.block + ANCHOR_LEAD_BLOCKS })), stored);
  const batch = make("ahead", { anchorBlock: view.block + ANCHOR_LEAD_BLOCKS + 1 });
  assert.deepEqual(await take(batch), waits);
  const waiting = intake.takeFinally({ batch, from });
  view.block += ANCHOR_LEAD_BLOCKS + 1;
  assert.deepEqual(await waiting, stored);
  directory.set(registeredNode(originator, { leavingBlock: view.block }));
  assert.deepEqual(await take(make("after", { anchorBlock: view.block + 1 })), gone);
});
