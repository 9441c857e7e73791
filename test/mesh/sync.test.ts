import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBytes } from "#crypto";
import { decodeAnswer, encodeAnswer, encodeAsk, type SyncAnswer } from "../../src/mesh/syncMessages.ts";
import { appendOwnBatch, appendPeerBatch } from "../../src/store/node/appendBatch.ts";
import { listHoles } from "../../src/store/node/holes.ts";
import { listConflicts } from "../../src/store/node/listConflicts.ts";
import { logHeads, logStateOf } from "../../src/store/node/logStore.ts";
import { pruneLogs } from "../../src/store/node/pruneLogs.ts";
import { hasEnvelopes } from "../../src/store/node/receiptsOf.ts";
import type { Batch } from "../../src/wire/batch.ts";
import { batchHeaderHash } from "../../src/wire/batchHeader.ts";
import { envelopeHash } from "../../src/wire/envelope.ts";
import { startHostilePeer } from "../support/startHostilePeer.ts";
import { startTestMesh, type TestMesh } from "../support/startTestMesh.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { testDirectory } from "../support/testDirectory.ts";
import { type TestOriginator, testEnvelope, testOriginator } from "../support/testOriginator.ts";
import { until } from "../support/until.ts";

const envelope = (text: string) => testEnvelope({ topic: 1, text });
const stateAt = (node: TestMesh, of: TestOriginator) => logStateOf(node.store.state, of.log);
const connected = (a: TestMesh, b: TestMesh): boolean => a.mesh.peers().includes(b.mesh.peerId);

test("a node that was away catches up from one that is not the originator", async () => {
  const directory = testDirectory();
  await using b = await startTestMesh({ name: "b", directory });
  const originator = testOriginator("a");
  {
    await using keep = await temporaryDirectory();
    const keys = { originator, privateKey: randomBytes(32), path: keep.path };
    await using a = await startTestMesh({ name: "a", directory, keys });
    for (const node of [a, b]) node.register(directory);
    await until("a and b are connected", () => connected(a, b));
    // more than one page
    for (let i = 0; i < 30; i++) await a.publish([envelope(`${i}`.padEnd(60_000))]);
    await until("b holds a's log", () => stateAt(b, originator).next === 30n);
  }
  await using c = await startTestMesh({ name: "c", directory });
  c.register(directory);
  await until("c holds the log of the node that is gone", () => stateAt(c, originator).next === 30n);
  assert.deepEqual(
    logHeads(c.store).find(({ log }) => log.node === originator.log.node),
    logHeads(b.store).find(({ log }) => log.node === originator.log.node),
  );
});

test("two nodes with different pieces of a log give each other what they lack", async () => {
  const directory = testDirectory();
  await using a = await startTestMesh({ name: "a", directory });
  await using b = await startTestMesh({ name: "b", directory });
  const gone = testOriginator("gone");
  for (const node of [a, b]) node.register(directory);
  directory.set({ ...(directory.nodes()[0] ?? assert.fail()), ...nodeOf(gone) });
  const batches = Array.from({ length: 9 }, (_, i) => gone.next([envelope(`${i}`)]));
  for (const [i, batch] of batches.entries()) {
    if (i % 3 === 0) continue;
    await appendPeerBatch({ store: (i % 3 === 1 ? a : b).store, batch });
  }
  const pieces = () => [a, b].map((node) => node.mesh.counts.get("stored") ?? 0);
  await until("both hold all that is left", () => pieces().every((stored) => stored === 3));
  // nobody has the first: the log waits before it
  assert.deepEqual([stateAt(a, gone).next, stateAt(a, gone).highest], [0n, 9n]);
  await appendPeerBatch({ store: a.store, batch: batches[0] ?? assert.fail() });
  await until("the first third is whole", () => [a, b].every((node) => stateAt(node, gone).next === 3n));
});

test("what no peer has becomes a hole; who brings it late closes it everywhere", async () => {
  const directory = testDirectory();
  const options = { directory, holeAfterMs: 500 };
  await using a = await startTestMesh({ name: "a", ...options });
  await using b = await startTestMesh({ name: "b", ...options });
  const gone = testOriginator("gone");
  for (const node of [a, b]) node.register(directory);
  directory.set({ ...(directory.nodes()[0] ?? assert.fail()), ...nodeOf(gone) });
  const batches = Array.from({ length: 5 }, (_, i) => gone.next([envelope(`${i}`)]));
  for (const i of [0, 3, 4]) await appendPeerBatch({ store: a.store, batch: batches[i] ?? assert.fail() });
  await until("both go on behind it", () => [a, b].every((node) => stateAt(node, gone).next === 5n));
  const holes = async () =>
    (await Promise.all([a, b].map(({ store }) => listHoles(store)))).map((list) =>
      list.map(({ first, end }) => [first, end]),
    );
  assert.deepEqual(await holes(), [[[1n, 3n]], [[1n, 3n]]]);
  for (const i of [1, 2]) await appendPeerBatch({ store: b.store, batch: batches[i] ?? assert.fail() });
  await until("the hole is closed", async () => (await holes()).every((list) => list.length === 0));
  const hashes = [1, 2].map((i) => envelopeHash(envelope(`${i}`)));
  assert.deepEqual(await hasEnvelopes({ store: a.store, hashes }), [true, true]);
});

test("what this node refuses for good is not asked for again and again, and the log goes on behind it", async () => {
  const directory = testDirectory();
  const gone = testOriginator("gone");
  await using a = await startTestMesh({ name: "a", directory });
  let looked = 0;
  const checkBatch = ({ batch }: { batch: Batch }) => {
    if (batch.header.firstSequence !== 1n) return "good" as const;
    looked++;
    return "bad-envelope" as const;
  };
  await using b = await startTestMesh({ name: "b", directory, holeAfterMs: 1000, checkBatch });
  for (const node of [a, b]) node.register(directory);
  directory.set({ ...(directory.nodes()[0] ?? assert.fail()), ...nodeOf(gone) });
  for (let i = 0; i < 3; i++) await appendPeerBatch({ store: a.store, batch: gone.next([envelope(`${i}`)]) });
  await until("the rest is there", () => stateAt(b, gone).highest === 3n);
  await until("the log goes on", () => stateAt(b, gone).next === 3n);
  assert.ok(looked <= 3, `it was fetched ${looked} times`);
  assert.ok(connected(a, b), "nobody is blamed");
});

test("a fork spreads: every node ends with both branches and the same heads", async () => {
  const directory = testDirectory();
  let apart = true;
  const mayConnect = () => !apart;
  await using a = await startTestMesh({ name: "a", directory, mayConnect });
  await using b = await startTestMesh({ name: "b", directory, mayConnect });
  const forker = testOriginator("forker");
  for (const node of [a, b]) node.register(directory);
  directory.set({ ...(directory.nodes()[0] ?? assert.fail()), ...nodeOf(forker) });
  const first = forker.next([envelope("0")]);
  const previous = batchHeaderHash(first.headerBytes);
  const left = [forker.next([envelope("l1")]), forker.next([envelope("l2")]), forker.next([envelope("l3")])];
  const right = [
    forker.next([envelope("r1")], { firstSequence: 1n, previous }),
    forker.next([envelope("r2")]),
  ];
  for (const batch of [first, ...left]) await appendPeerBatch({ store: a.store, batch });
  for (const batch of [first, ...right]) await appendPeerBatch({ store: b.store, batch });
  apart = false;
  const hashes = ["l1", "l2", "l3", "r1", "r2"].map((text) => envelopeHash(envelope(text)));
  const all = async (node: TestMesh) => (await hasEnvelopes({ store: node.store, hashes })).every(Boolean);
  await until("both hold both branches", async () => (await all(a)) && (await all(b)));
  await until("the heads agree", () => {
    const [x, y] = [a, b].map((node) => stateAt(node, forker));
    return x?.next === 4n && y?.next === 4n && x.headerHash === y.headerHash;
  });
  for (const { store } of [a, b]) assert.ok((await listConflicts(store)).length >= 2);
});

test("a range that peers have pruned is told from one that is absent, and the log goes on behind it", async () => {
  const directory = testDirectory();
  const options = { directory, holeAfterMs: 500 };
  await using a = await startTestMesh({ name: "a", ...options });
  a.register(directory);
  for (let i = 0; i < 3; i++) await a.publish([envelope(`old ${i}`)]);
  await pruneLogs({ store: a.store, retention: { group: 0 }, now: Date.now() + 1 });
  await a.publish([envelope("new")]);
  await using b = await startTestMesh({ name: "b", ...options });
  b.register(directory);
  await until("b holds what is left", () => stateAt(b, a.originator).next === 4n);
  await using hostile = await startHostilePeer();
  hostile.register(directory);
  await hostile.join({ addresses: a.mesh.multiaddrs(), peerId: a.mesh.peerId });
  const ask = encodeAsk({ kind: "range", log: a.originator.log, from: 1n, until: undefined, maxBytes: 1000 });
  const answer = decodeAnswer(await hostile.ask({ peerId: a.mesh.peerId, bytes: ask }));
  assert.deepEqual(answer, { kind: "pruned", floor: 3n });
});

test("hostile requests: garbage breaks the stream only, too many are refused", async () => {
  const directory = testDirectory();
  await using a = await startTestMesh({ name: "a", directory });
  await using hostile = await startHostilePeer();
  for (const node of [a, hostile]) node.register(directory);
  await a.publish([envelope("0")]);
  const { peerId } = a.mesh;
  await hostile.join({ addresses: a.mesh.multiaddrs(), peerId });
  for (const bytes of [randomBytes(40), new Uint8Array(300_000), Uint8Array.of(0x0a)]) {
    await assert.rejects(hostile.ask({ peerId, bytes }));
  }
  const head = encodeAsk({ kind: "head", log: a.originator.log });
  assert.equal(decodeAnswer(await hostile.ask({ peerId, bytes: head })).kind, "head");
  const range = {
    kind: "range",
    log: a.originator.log,
    from: 0n,
    until: undefined,
    maxBytes: 2 ** 32 - 1,
  } as const;
  const kinds = new Map<string, number>();
  for (let i = 0; i < 60; i++) {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => hostile.ask({ peerId, bytes: encodeAsk(range) })),
    );
    for (const answer of answers) {
      const { kind } = decodeAnswer(answer);
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
  }
  assert.deepEqual([...kinds.keys()], ["page", "refused"]);
});

test("hostile answers: garbage, gaps, other logs and forgeries store nothing; the honest peer is asked as well", async () => {
  const directory = testDirectory();
  await using honest = await startTestMesh({ name: "honest", directory });
  const { originator } = honest;
  honest.register(directory);
  for (let i = 0; i < 3; i++) await honest.publish([envelope(`${i}`)]);
  const range = { log: originator.log, floor: 0n, next: 9n, headerHash: undefined };
  const head = { range, highest: 9n, branches: [] };
  const forger = testOriginator("forger");
  const forged = forger.next([envelope("forged")], { node: originator.log.node });
  const gap = forger.next([envelope("gap")], { node: originator.log.node, firstSequence: 7n });
  const other = forger.next([envelope("other")], { firstSequence: 0n });
  const pages: (Uint8Array | SyncAnswer)[] = [
    randomBytes(64),
    { kind: "page", batches: [] },
    { kind: "page", batches: [gap] },
    { kind: "page", batches: [other] },
    { kind: "page", batches: [forged] },
    { kind: "head", head },
  ];
  for (const page of pages) {
    let asked = 0;
    const answer = (): Uint8Array => {
      asked++;
      if (asked === 1) return encodeAnswer({ kind: "heads", heads: [head], clockMs: undefined });
      return page instanceof Uint8Array ? page : encodeAnswer(page);
    };
    const view = testDirectory();
    await using hostile = await startHostilePeer({ answer });
    await using victim = await startTestMesh({ name: "victim", directory: view });
    for (const node of [honest, hostile, victim]) node.register(view);
    victim.register(directory);
    await until("the hostile peer was asked for more", () => asked > 2);
    await until("the honest peer's log is there", () => stateAt(victim, originator).next === 3n);
    const bad = [forged, gap, other].flatMap(({ envelopes }) => envelopes.map(envelopeHash));
    assert.deepEqual(await hasEnvelopes({ store: victim.store, hashes: bad }), [false, false, false]);
  }
});

test("own head: whole with peers' help, lacking where they have it not, no answer without peers", async () => {
  const directory = testDirectory();
  const originator = testOriginator("a");
  await using b = await startTestMesh({ name: "b", directory });
  b.register(directory);
  const batches = [0, 1, 2].map((i) => originator.next([envelope(`${i}`)]));
  const [first, second, third] = batches;
  assert.ok(first && second && third);
  for (const batch of batches) await appendPeerBatch({ store: b.store, batch });
  {
    // the disk was lost; signing does not start before all is back
    await using keep = await temporaryDirectory();
    const keys = { originator, privateKey: randomBytes(32), path: keep.path };
    await using a = await startTestMesh({ name: "a", directory, keys, syncPeriodMs: 3_600_000 });
    a.register(directory);
    const own = await a.mesh.fetchOwnHead({ log: originator.log });
    assert.deepEqual(own, { kind: "whole", next: 3n, answers: 1 });
    await appendOwnBatch({ store: a.store, batch: originator.next([envelope("3")]) });
  }
  const gap = testOriginator("gap");
  gap.next([envelope("lost")]);
  await appendPeerBatch({ store: b.store, batch: gap.next([envelope("kept")]) });
  await using keep = await temporaryDirectory();
  const keys = { originator: gap, privateKey: randomBytes(32), path: keep.path };
  await using c = await startTestMesh({ name: "c", directory, keys });
  c.register(directory);
  const lacking = await c.mesh.fetchOwnHead({ log: gap.log });
  assert.deepEqual(lacking, { kind: "lacking", next: 0n, highest: 2n });

  await using alone = await startTestMesh({ name: "alone", directory: testDirectory() });
  const none = await alone.mesh.fetchOwnHead({ log: alone.originator.log, timeoutMs: 100 });
  assert.deepEqual(none, { kind: "no-answer" });
});

/** A registry's record of an originator that has no mesh. */
function nodeOf(originator: TestOriginator) {
  const signingKey = `0x${Buffer.from(originator.signingPublicKey).toString("hex")}` as const;
  return {
    node: originator.log.node,
    signingKey,
    peerId: "0x00" as const,
    peerProof: "0x" as const,
    multiaddrs: [],
  };
}
