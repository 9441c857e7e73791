import assert from "node:assert/strict";
import { test } from "node:test";
import { isWeftError } from "../../src/errors.ts";
import { appendOwnBatch, appendPeerBatch } from "../../src/store/node/appendBatch.ts";
import { listHoles, recordHole } from "../../src/store/node/holes.ts";
import { listConflicts } from "../../src/store/node/listConflicts.ts";
import { logHeads, logStateOf } from "../../src/store/node/logStore.ts";
import { readBatchByHeader, readLogRange } from "../../src/store/node/readLogRange.ts";
import { hasEnvelopes, receiptsOf } from "../../src/store/node/receiptsOf.ts";
import { decodeBatch, encodeBatch } from "../../src/wire/batch.ts";
import { batchHeaderHash } from "../../src/wire/batchHeader.ts";
import { envelopeHash } from "../../src/wire/envelope.ts";
import { verifyReceipt } from "../../src/wire/receipt.ts";
import { openTestStore } from "../support/openTestStore.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { testEnvelope, testOriginator } from "../support/testOriginator.ts";

const envelope = (text: string, topic = 1) => testEnvelope({ topic, text });

test("batches in any order: stored and readable at once, contiguity only moves next", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const { log, next } = testOriginator("a");
  const batches = [next([envelope("0"), envelope("1")]), next([envelope("2")]), next([envelope("3")])];
  const [first, second, third] = batches;
  assert.ok(first && second && third);
  const outcomes = [];
  for (const batch of [third, first, first, second]) outcomes.push(await appendPeerBatch({ store, batch }));
  assert.deepEqual(outcomes, [
    { kind: "stored", offset: 0n, next: 0n, conflicts: [] },
    { kind: "stored", offset: 1n, next: 2n, conflicts: [] },
    { kind: "duplicate" },
    { kind: "stored", offset: 3n, next: 4n, conflicts: [] },
  ]);
  const headerHash = batchHeaderHash(third.headerBytes);
  assert.deepEqual(logHeads(store), [{ log, floor: 0n, next: 4n, headerHash }]);
  const page = await readLogRange({ store, log, from: 0n, maxBytes: 1e6 });
  assert.ok(page.kind === "page");
  assert.deepEqual(page.batches.map(encodeBatch), batches.map(encodeBatch));
  for (const batch of page.batches) decodeBatch(encodeBatch(batch));
  assert.deepEqual(await readLogRange({ store, log, from: 4n, maxBytes: 1 }), {
    kind: "absent",
    availableFrom: undefined,
  });
});

test("bodies are stored once, each arrival gives a receipt that verifies", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const [a, b] = [testOriginator("a"), testOriginator("b")];
  const shared = envelope("shared");
  await appendPeerBatch({ store, batch: a.next([envelope("x"), shared, envelope("y")]) });
  await appendPeerBatch({ store, batch: b.next([shared]) });
  const hash = envelopeHash(shared);
  const receipts = await receiptsOf({ store, hash });
  assert.deepEqual(
    receipts.map((receipt) => receipt.header.node),
    [b.log.node, a.log.node],
  );
  const [ofB, ofA] = receipts;
  assert.ok(ofA && ofB);
  assert.ok(verifyReceipt({ receipt: ofA, hash, signingKey: a.signingPublicKey }));
  assert.ok(verifyReceipt({ receipt: ofB, hash, signingKey: b.signingPublicKey }));
  assert.ok(!verifyReceipt({ receipt: ofB, hash, signingKey: a.signingPublicKey }));
  const hashes = [hash, envelopeHash(envelope("never"))];
  assert.deepEqual(await hasEnvelopes({ store, hashes }), [true, false]);
});

test("everything is there after a reopening", async () => {
  await using directory = await temporaryDirectory();
  const { log, next } = testOriginator("a");
  const batch = next([envelope("0"), envelope("1")]);
  {
    await using opened = await openTestStore(directory.path);
    await appendPeerBatch({ store: opened.store, batch });
  }
  await using opened = await openTestStore(directory.path);
  assert.equal(opened.store.state.nextOffset, 2n);
  assert.equal(logStateOf(opened.store.state, log).next, 2n);
  assert.deepEqual(await appendPeerBatch({ store: opened.store, batch }), { kind: "duplicate" });
});

test("a fork: both branches are kept, recorded and served; peers agree on the head", async () => {
  const { log, next } = testOriginator("forker");
  const first = next([envelope("0")]);
  const previous = batchHeaderHash(first.headerBytes);
  const left = next([envelope("1 left"), envelope("2 left")]);
  const right = next([envelope("1 right")], { firstSequence: 1n, previous });
  const rightEnd = next([envelope("2 right")]);
  const heads = [];
  for (const order of [
    [first, left, right, rightEnd],
    [rightEnd, right, first, left],
  ]) {
    await using opened = await openTestStore();
    const { store } = opened;
    for (const batch of order) assert.equal((await appendPeerBatch({ store, batch })).kind, "stored");
    const conflicts = (await listConflicts(store)).map(({ headers }) => headers);
    const hashes = [left, right, rightEnd].map(({ headerBytes }) => batchHeaderHash(headerBytes));
    const [l = "0x", r = "0x", e = "0x"] = hashes;
    assert.deepEqual(new Set(conflicts.map(String)), new Set([[l, r].sort(), [l, e].sort()].map(String)));
    assert.equal(logStateOf(store.state, log).next, 3n);
    const page = await readLogRange({ store, log, from: 1n, maxBytes: 1e6 });
    assert.ok(page.kind === "page");
    assert.equal(page.batches.length, 3);
    const rival = await readBatchByHeader({ store, log, end: 2n, headerHash: r });
    assert.deepEqual(rival && encodeBatch(rival), encodeBatch(right));
    heads.push(logHeads(store));
  }
  assert.deepEqual(heads[0], heads[1]);
});

test("a hole is recorded, the log goes on behind it, and a late batch closes it", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const { log, next } = testOriginator("a");
  const batches = [0, 1, 2, 3].map((i) => next([envelope(`${i}`)]));
  const [first, second, third, fourth] = batches;
  assert.ok(first && second && third && fourth);
  await appendPeerBatch({ store, batch: first });
  await appendPeerBatch({ store, batch: fourth });
  assert.equal(await recordHole({ store, log, first: 0n, end: 3n }), false, "the log is not there");
  assert.equal(await recordHole({ store, log, first: 1n, end: 3n, now: 5 }), true);
  assert.equal(logStateOf(store.state, log).next, 4n);
  assert.deepEqual(await listHoles(store), [{ log, first: 1n, end: 3n, recordedAt: 5 }]);
  assert.deepEqual(await readLogRange({ store, log, from: 1n, maxBytes: 1e6 }), {
    kind: "absent",
    availableFrom: 3n,
  });
  await appendPeerBatch({ store, batch: third });
  assert.deepEqual(await listHoles(store), [{ log, first: 1n, end: 2n, recordedAt: 5 }]);
  await appendPeerBatch({ store, batch: second });
  assert.deepEqual(await listHoles(store), []);
  assert.deepEqual(await listConflicts(store), []);
});

test("an own batch must follow the log's head; the same bytes again are fine", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const own = testOriginator("own");
  const first = own.next([envelope("0")]);
  await appendOwnBatch({ store, batch: first });
  await appendOwnBatch({ store, batch: first });
  const skipped = own.next([envelope("skipped")], { firstSequence: 5n });
  const again = testOriginator("own").next([envelope("again")]);
  for (const batch of [skipped, again]) {
    await assert.rejects(appendOwnBatch({ store, batch }), (error: unknown) =>
      isWeftError(error, "internal"),
    );
  }
  assert.equal(logStateOf(store.state, own.log).next, 1n);
  assert.deepEqual(await listConflicts(store), []);
});

test("a failed write is a storage error; the database is reopened and the store goes on", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const own = testOriginator("own");
  await appendOwnBatch({ store, batch: own.next([envelope("0")]) });
  const batch = own.next([envelope("1")]);
  await store.database.level.close();
  await assert.rejects(appendOwnBatch({ store, batch }), (error: unknown) => isWeftError(error, "storage"));
  await appendOwnBatch({ store, batch });
  assert.equal(logStateOf(store.state, own.log).next, 2n);
});

test("a store whose database was closed does not open it again", async () => {
  await using directory = await temporaryDirectory();
  const opened = await openTestStore(directory.path);
  const { next } = testOriginator("a");
  await opened[Symbol.asyncDispose]();
  const late = appendPeerBatch({ store: opened.store, batch: next([envelope("late")]) });
  await assert.rejects(late, (error: unknown) => isWeftError(error, "storage"));
  await using _again = await openTestStore(directory.path);
});

test("pages of a log stay within the bytes asked for", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const { log, next } = testOriginator("a");
  const batches = Array.from({ length: 20 }, (_, i) => next([envelope(`${i}`.padEnd(50_000))]));
  await Promise.all(batches.map((batch) => appendPeerBatch({ store, batch })));
  let from = 0n;
  const pages = [];
  while (from < 20n) {
    const page = await readLogRange({ store, log, from, maxBytes: 1e9 });
    assert.ok(page.kind === "page");
    pages.push(page.batches.length);
    from += BigInt(page.batches.length);
  }
  assert.deepEqual(pages, [10, 10]);
});
