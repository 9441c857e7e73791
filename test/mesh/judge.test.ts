import assert from "node:assert/strict";
import { test } from "node:test";
import { openIntake } from "../../src/mesh/intake.ts";
import { judgeBatch } from "../../src/mesh/judgeBatch.ts";
import type { MeshLog } from "../../src/mesh/meshLog.ts";
import { peerIdOf } from "../../src/mesh/peerId.ts";
import { bindMeshLog } from "../../src/node/bindMeshLog.ts";
import { appendPeerBatch } from "../../src/store/node/appendBatch.ts";
import { pruneLogs } from "../../src/store/node/pruneLogs.ts";
import type { Batch } from "../../src/wire/batch.ts";
import { asAddress, type Hex, type NodeId, toHex } from "../../src/wire/ids.ts";
import { MAX_CLOCK_SKEW_MS, SHARD_GRACE_BLOCKS } from "../../src/wire/limits.ts";
import type { Network } from "../../src/wire/network.ts";
import { signPeerProof } from "../../src/wire/peerProof.ts";
import { HISTORY_SHARDS_FROM, shardOfTopic } from "../../src/wire/shards.ts";
import { openTestStore } from "../support/openTestStore.ts";
import { registeredNode } from "../support/registeredNode.ts";
import { testDirectory } from "../support/testDirectory.ts";
import { testNetwork } from "../support/testNetwork.ts";
import { testEnvelope, testOriginator } from "../support/testOriginator.ts";
import { until } from "../support/until.ts";

const [GROUP, KEY_PACKAGE, WELCOME, GROUP_INFO, UNKNOWN] = [1, 2, 3, 4, 9];
const envelope = (text: string) => testEnvelope({ topic: 1, text });
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined };
const from = "peer";

/** An intake over a real store, with one registered originator. */
async function openTestIntake(
  options: { checkBatch?: () => "good" | "bad-envelope"; perMinute?: number; strangers?: number } = {},
) {
  const opened = await openTestStore();
  const { store } = opened;
  const directory = testDirectory();
  const originator = testOriginator("a");
  directory.set(registeredNode(originator));
  const log: MeshLog = bindMeshLog(store);
  const intake = openIntake({
    network: testNetwork,
    directory,
    log,
    checkBatch: options.checkBatch ?? (() => "good"),
    originatorBytesPerMinute: options.perMinute ?? 1e9,
    strangerBytesPerMinute: options.strangers ?? 1e9,
    nowMs: () => Date.now(),
    logger: silent,
  });
  const dispose = async (): Promise<void> => {
    intake[Symbol.dispose]();
    await opened[Symbol.asyncDispose]();
  };
  return { store, directory, originator, intake, log, [Symbol.asyncDispose]: dispose };
}

test("a good batch is stored, the same again is a duplicate", async () => {
  await using opened = await openTestIntake();
  const { intake, originator } = opened;
  const batch = originator.next([envelope("0")]);
  assert.deepEqual(await intake.take({ batch, from }), { kind: "accept", stored: true });
  assert.deepEqual(await intake.take({ batch, from }), { kind: "accept", stored: false });
  assert.deepEqual(
    [...intake.counts],
    [
      ["stored", 1],
      ["duplicate", 1],
    ],
  );
});

test("each fault has its name, and nothing of it is stored", async () => {
  await using opened = await openTestIntake({ checkBatch: () => "bad-envelope" });
  const { intake, originator, directory, log } = opened;
  const left = testOriginator("left");
  directory.set(registeredNode(left, { leavingBlock: 9 }));
  const good = originator.next([envelope("0")]);
  const forged: Batch = { ...good, signature: good.signature.with(40, (good.signature[40] ?? 0) ^ 1) };
  const another = testOriginator("another").next([envelope("0")], { node: originator.log.node });
  const cases: [Batch, object][] = [
    [forged, { kind: "reject", reason: "bad-signature" }],
    [another, { kind: "reject", reason: "bad-signature" }],
    [originator.next([envelope("1")], { chainId: 1 }), { kind: "reject", reason: "wrong-network" }],
    [
      originator.next([envelope("1")], { nodeRegistry: asAddress(`0x${"77".repeat(20)}`) }),
      { kind: "reject", reason: "wrong-network" },
    ],
    [left.next([envelope("0")]), { kind: "ignore", reason: "originator-left" }],
    [good, { kind: "ignore", reason: "bad-envelope" }],
    [testOriginator("unknown").next([envelope("0")]), { kind: "park", reason: "unregistered-originator" }],
    [originator.next([envelope("1")], { generation: 2n }), { kind: "park", reason: "unknown-generation" }],
    [
      originator.next([envelope("1")], { timeMs: Date.now() + MAX_CLOCK_SKEW_MS + 60_000 }),
      { kind: "park", reason: "from-the-future" },
    ],
  ];
  for (const [batch, verdict] of cases) assert.deepEqual(await intake.take({ batch, from }), verdict);
  // peers look at a sample only: a forwarder is not to blame, the originator is
  const privateKey = new Uint8Array(32).fill(1);
  const { text, bytes } = await peerIdOf({ privateKey });
  const proofFor = (node: NodeId) => toHex(signPeerProof({ network: testNetwork, node, privateKey }));
  const verdictOn = async (peerProof: Hex) => {
    directory.set(registeredNode(originator, { peerId: toHex(bytes), peerProof }));
    return await intake.take({ batch: good, from: text });
  };
  // who only claims to be that peer puts no blame on it
  const ignored = { kind: "ignore", reason: "bad-envelope" };
  assert.deepEqual(await verdictOn("0x"), ignored);
  assert.deepEqual(await verdictOn(proofFor(left.log.node)), ignored);
  assert.deepEqual(await verdictOn(proofFor(originator.log.node)), {
    kind: "reject",
    reason: "bad-envelope",
  });
  assert.deepEqual(log.heads(), []);
});

test("a batch belongs to one shard, which its node served around the batch's anchor", async () => {
  const network = { ...testNetwork, shards: 4 };
  const { originator, directory, judge } = shardedJudge(network);
  const topicIn = (shard: number) =>
    Array.from({ length: 64 }, (_, topic) => testEnvelope({ topic, text: "" })).find(
      ({ topic }) => shardOfTopic({ topic, shards: 4 }) === shard,
    ) ?? assert.fail();
  const [zero, one] = [topicIn(0), topicIn(1)];
  const historyIn = (shard: number) =>
    Array.from({ length: 64 }, (_, topic) => testEnvelope({ topic, text: "", kind: 5 })).find(
      ({ topic }) => shardOfTopic({ topic, shards: 4 }) === shard,
    ) ?? assert.fail();
  const wrong = { kind: "reject", reason: "wrong-shard" };
  const unserved = { kind: "ignore", reason: "unserved-shard" };
  const inShard = (shard: number, anchorBlock = 1_000) => ({ shard, anchorBlock });
  assert.equal(judge(originator.next([zero, zero], inShard(0))), undefined);
  assert.deepEqual(judge(originator.next([zero, one], inShard(0))), wrong, "one of another shard");
  assert.deepEqual(judge(originator.next([zero], inShard(1))), wrong);
  assert.deepEqual(judge(originator.next([zero], inShard(4))), wrong, "the network has no such shard");
  const history = historyIn(HISTORY_SHARDS_FROM);
  assert.equal(judge(originator.next([history], inShard(HISTORY_SHARDS_FROM))), undefined);
  assert.deepEqual(judge(originator.next([zero, history], inShard(0))), wrong, "a history among messages");
  for (const shard of [HISTORY_SHARDS_FROM + 1, HISTORY_SHARDS_FROM + 4, 2 * HISTORY_SHARDS_FROM]) {
    assert.deepEqual(judge(originator.next([history], inShard(shard))), wrong);
  }
  assert.deepEqual(judge(originator.next([one], inShard(1))), unserved);
  const formerShards = [
    { shards: "1", untilBlock: 500 },
    { shards: "2", untilBlock: 900 },
  ];
  directory.set(registeredNode(originator, { shards: "1", formerShards }));
  const near = SHARD_GRACE_BLOCKS;
  for (const [block, isServed] of [
    [500 - near - 1, false],
    [500 - near, true],
    [899 + near, true],
    [900 + near, false],
  ] as const) {
    const verdict = judge(originator.next([one], inShard(1, block)));
    assert.deepEqual(verdict, isServed ? undefined : unserved, `anchored at ${block}`);
    assert.equal(judge(originator.next([zero], inShard(0, block))), undefined);
  }
});

test("anchor and time must not go back behind the predecessor, where that is held", async () => {
  await using opened = await openTestIntake();
  const { intake, originator } = opened;
  const take = (batch: Batch) => intake.take({ batch, from });
  const first = originator.next([envelope("0")], { anchorBlock: 20, timeMs: 2000 });
  assert.equal((await take(first)).kind, "accept");
  const succession = { firstSequence: 1n };
  const previous = originator.next([envelope("probe")], succession).header.previous;
  const cases = [
    { anchorBlock: 19, timeMs: 2000, expected: { kind: "ignore", reason: "anchor-went-back" } },
    { anchorBlock: 20, timeMs: 1999, expected: { kind: "ignore", reason: "time-went-back" } },
    { anchorBlock: 20, timeMs: 2000, expected: { kind: "accept", stored: true } },
  ];
  for (const { expected, ...header } of cases) {
    const batch = originator.next([envelope("1")], { ...succession, previous, ...header });
    assert.deepEqual(await take(batch), expected);
  }
});

test("parked batches are taken when the registry comes, and when their time comes", async () => {
  await using opened = await openTestIntake();
  const { intake, directory, originator } = opened;
  const late = testOriginator("late");
  const waiting = intake.takeFinally({ batch: late.next([envelope("0")]), from });
  directory.set(registeredNode(testOriginator("somebody else")));
  directory.set(registeredNode(late));
  assert.deepEqual(await waiting, { kind: "accept", stored: true });

  const soon = originator.next([envelope("0")], { timeMs: Date.now() + MAX_CLOCK_SKEW_MS + 300 });
  assert.deepEqual(await intake.takeFinally({ batch: soon, from }), { kind: "accept", stored: true });
  assert.equal(intake.counts.get("from-the-future"), 1);

  const newer = originator.next([envelope("0")], { generation: 2n, firstSequence: 0n, timeMs: Date.now() });
  const parked = intake.takeFinally({ batch: newer, from });
  directory.set(registeredNode(originator, { generation: 2 }));
  assert.deepEqual(await parked, { kind: "accept", stored: true });
});

test("parking is bounded: the oldest are left to sync", async () => {
  await using opened = await openTestIntake();
  const { intake } = opened;
  const stranger = testOriginator("stranger");
  const verdicts = Array.from({ length: 300 }, (_, i) =>
    intake.takeFinally({ batch: stranger.next([envelope(`${i}`)]), from }),
  );
  let settled = 0;
  for (const verdict of verdicts) {
    void verdict.then((final) => {
      assert.deepEqual(final, { kind: "ignore", reason: "parked-too-long" });
      settled++;
    });
  }
  await until("what is too much is let go", () => settled === 300 - 256);
});

test("a node's bytes per minute are bounded, and a pruned range is not stored again", async () => {
  await using opened = await openTestIntake({ perMinute: 3000 });
  const { intake, originator, store } = opened;
  const batches = [0, 1, 2].map((i) => originator.next([envelope(`${i}`.padEnd(1400))]));
  const [first, second, third] = batches;
  assert.ok(first && second && third);
  assert.equal((await intake.take({ batch: first, from })).kind, "accept");
  assert.equal((await intake.take({ batch: second, from })).kind, "accept");
  assert.deepEqual(await intake.take({ batch: third, from }), { kind: "ignore", reason: "over-budget" });

  await pruneLogs({ store, retention: { group: 0 }, now: Date.now() + 1000 });
  assert.equal((await appendPeerBatch({ store, batch: first })).kind, "pruned");
});

test("what strangers may publish has a budget of its own, as a whole and by bucket; small ones count for more", async () => {
  await using opened = await openTestIntake({ perMinute: 3000, strangers: 4_900_000 });
  const { intake, originator, log } = opened;
  const take = async (kind: number, topic: number, bytes: number, times = 1): Promise<string> => {
    const text = "x".repeat(bytes - 33);
    const one = testEnvelope({ topic: kind === WELCOME ? 0 : topic, text, kind });
    const envelope = kind === WELCOME ? { ...one, topic: one.topic.with(1, topic) } : one;
    const batch = originator.next(Array.from({ length: times }, () => envelope));
    const verdict = await intake.take({ batch, from });
    return verdict.kind === "accept" ? "accept" : verdict.reason;
  };
  for (let i = 0; i < 10; i++) assert.equal(await take(WELCOME, 1, 100_000, 2), "accept");
  assert.equal(await take(WELCOME, 1, 100_000, 2), "over-budget", "one bucket");
  assert.equal(await take(WELCOME, 2, 100_000, 2), "accept", "another one");
  for (const kind of [KEY_PACKAGE, GROUP_INFO, UNKNOWN]) {
    for (let i = 0; i < 4; i++) assert.equal(await take(kind, i, 100_000, 2), "accept");
  }
  assert.equal(
    await take(UNKNOWN, 1, 100_000, 4),
    "over-budget",
    "kinds that nobody here knows count as well",
  );
  assert.equal(await take(GROUP_INFO, 1, 50, 800), "over-budget", "tiny ones take room on a disk, too");
  assert.equal(await take(GROUP, 1, 1400), "accept", "the members' budget is whole");
  assert.equal(await take(GROUP, 1, 1400), "accept");
  assert.equal(await take(GROUP, 1, 1400), "over-budget");
  assert.equal(log.heads().length, 1);
});

test("without room nothing of others is judged or stored, but what the node has signed itself", async () => {
  await using opened = await openTestIntake();
  const { directory, originator, log } = opened;
  const other = testOriginator("other");
  directory.set(registeredNode(other));
  using intake = openIntake({
    ...{ network: testNetwork, directory, log, checkBatch: () => "good", originatorBytesPerMinute: 1e9 },
    ...{ nowMs: Date.now, logger: silent, hasRoom: (node) => node === originator.log.node },
  });
  const batch = other.next([envelope("0")]);
  assert.deepEqual(await intake.take({ batch, from }), { kind: "ignore", reason: "disk-low" });
  const own = originator.next([envelope("0")]);
  assert.deepEqual(await intake.take({ batch: own, from }), { kind: "accept", stored: true });
});
function shardedJudge(network: Network) {
  const directory = testDirectory();
  const originator = testOriginator("sharded");
  directory.set(registeredNode(originator));
  const judge = (batch: Batch) => judgeBatch({ batch, network, directory, now: Date.now() });
  return { directory, originator, judge };
}
