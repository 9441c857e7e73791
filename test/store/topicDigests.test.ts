import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { appendPeerBatch } from "../../src/store/node/appendBatch.ts";
import { recordHole } from "../../src/store/node/holes.ts";
import { type LogStore, logStateOf } from "../../src/store/node/logStore.ts";
import { pruneLogs } from "../../src/store/node/pruneLogs.ts";
import { topicDigests } from "../../src/store/node/topicDigests.ts";
import type { Batch } from "../../src/wire/batch.ts";
import { envelopeHash } from "../../src/wire/envelope.ts";
import { fromHex } from "../../src/wire/ids.ts";
import { EMPTY_SUM, type LogSpan, type TopicSum, withElement } from "../../src/wire/topicDigest.ts";
import { openTestStore } from "../support/openTestStore.ts";
import { testEnvelope, testOriginator } from "../support/testOriginator.ts";

const ROWS = 100_000;
const said = (topic: number, text: string) => testEnvelope({ topic, text });
const { topic } = said(1, "");

/** What the batches have of the topic in [floor, next), computed without the store. */
function expected(batches: readonly Batch[], floor = 0n, next = 2n ** 64n): TopicSum {
  return batches
    .flatMap(({ header, envelopes }) =>
      envelopes.map((envelope, i) => ({
        ...{ topic: envelope.topic, log: header, sequence: header.firstSequence + BigInt(i) },
        hash: fromHex(envelopeHash(envelope)),
      })),
    )
    .filter((one) => Buffer.from(one.topic).equals(topic) && one.sequence >= floor && one.sequence < next)
    .reduce(withElement, EMPTY_SUM);
}

async function digest(store: LogStore, ranges?: readonly LogSpan[], maxRows = ROWS) {
  const { answers } = await topicDigests({ store, topics: [{ topic, ranges }], maxRows });
  const [logs = []] = answers;
  return logs;
}

test("digests are of what is held without a gap, in whatever order it came in", async () => {
  const { log, next } = testOriginator("a");
  const batches = Array.from({ length: 6 }, (_, i) =>
    next([said(1, `${i}`), said(2, "x"), said(1, `${i}b`)]),
  );
  const order = fc.shuffledSubarray(batches, { minLength: batches.length, maxLength: batches.length });
  await fc.assert(
    fc.asyncProperty(order, fc.nat(18), fc.nat(18), async (arrivals, a, b) => {
      await using opened = await openTestStore();
      const { store } = opened;
      for (const batch of arrivals) {
        await appendPeerBatch({ store, batch });
        const { next: end } = logStateOf(store.state, log);
        const [one] = await digest(store);
        assert.deepEqual(one?.sum ?? EMPTY_SUM, expected(arrivals, 0n, end));
      }
      const [floor, to] = [BigInt(Math.min(a, b)), BigInt(Math.max(a, b))];
      const [run] = await digest(store, [{ log, floor, next: to }]);
      assert.deepEqual(run?.sum ?? EMPTY_SUM, expected(batches, floor, to), "a run within it");
    }),
    { numRuns: 12 },
  );
});

test("a question that reaches beyond what is held says so, and logs that are not held are left out", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const [a, b] = [testOriginator("a"), testOriginator("b")];
  const first = a.next([said(1, "0"), said(2, "1")]);
  await appendPeerBatch({ store, batch: first });
  const ranges = [a.log, b.log].map((log) => ({ log, floor: 0n, next: 100n }));
  const logs = await digest(store, ranges);
  assert.deepEqual(
    logs.map(({ log, floor, next }) => [log.node, floor, next]),
    [[a.log.node, 0n, 2n]],
  );
  assert.deepEqual(await digest(store, [{ log: a.log, floor: 2n, next: 100n }]), []);
  const [nothing] = await digest(store, [{ log: a.log, floor: 1n, next: 100n }]);
  assert.deepEqual(nothing?.sum, EMPTY_SUM, "a run that was named is told of though it is empty");
});

test("what fills a hole, and another branch of a log, changes the sums behind it", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const { log, next } = testOriginator("a");
  const batches = Array.from({ length: 3 }, (_, i) => next([said(1, `${i}`)]));
  const [lost, ...others] = batches as [Batch, Batch, Batch];
  for (const batch of others) await appendPeerBatch({ store, batch });
  assert.deepEqual(await digest(store), [], "nothing is held from the start on");
  await recordHole({ store, log, first: 0n, end: 1n });
  assert.deepEqual((await digest(store))[0]?.sum, expected(others));
  await appendPeerBatch({ store, batch: lost });
  assert.deepEqual((await digest(store))[0]?.sum, expected(batches));
  const rival = next([said(1, "rival")], { firstSequence: 1n });
  await appendPeerBatch({ store, batch: rival });
  const [forked] = await digest(store);
  assert.equal(forked?.conflicted, true);
  assert.deepEqual(forked.sum, expected([...batches, rival]));
});

test("what was pruned is not in the digest, and its floor says so", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const { log, next } = testOriginator("a");
  const batches = [next([said(1, "old"), said(2, "old")]), next([said(1, "new")])] as const;
  await appendPeerBatch({ store, batch: batches[0], now: 1000 });
  await appendPeerBatch({ store, batch: batches[1], now: 5000 });
  assert.deepEqual((await digest(store))[0]?.sum, expected(batches));
  assert.equal(await pruneLogs({ store, retention: { group: 1000 }, now: 3000 }), 2);
  const [left] = await digest(store, [{ log, floor: 0n, next: 100n }]);
  assert.deepEqual([left?.floor, left?.next], [2n, 3n]);
  assert.deepEqual(left?.sum, expected([batches[1]]));
  await pruneLogs({ store, retention: { group: 0 }, now: 6000 });
  assert.deepEqual(await digest(store), []);
  const rows = await store.database.level.keys({ gte: Uint8Array.of(0x1a), lt: Uint8Array.of(0x1b) }).all();
  assert.deepEqual(rows, [], "nothing of it stays");
});

test("one question walks so many envelopes and no more; the next goes on from there", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const { next } = testOriginator("a");
  const batches: Batch[] = [];
  for (let i = 0; i < 10; i++) {
    const batch = next(Array.from({ length: 100 }, (_, j) => said(1, `${i} ${j}`)));
    batches.push(batch);
    await appendPeerBatch({ store, batch });
  }
  const steps: bigint[] = [];
  for (let covered = 0n; covered < 1000n; ) {
    const [part] = await digest(store, undefined, 300);
    assert.ok(part && part.next > covered, "it gets further");
    assert.deepEqual(part.sum, expected(batches, 0n, part.next));
    covered = part.next;
    steps.push(covered);
  }
  assert.ok(steps.length > 2, `it took ${steps.length} questions`);
});
