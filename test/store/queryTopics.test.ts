import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isWeftError } from "../../src/errors.ts";
import { appendPeerBatch } from "../../src/store/node/appendBatch.ts";
import type { LogStore } from "../../src/store/node/logStore.ts";
import { newestEnvelopes } from "../../src/store/node/newestEnvelopes.ts";
import { queryTopics, type StoredEnvelope, type TopicPosition } from "../../src/store/node/queryTopics.ts";
import { addTopics, nextWake, watchTopics } from "../../src/store/node/watchTopics.ts";
import { type Watermark, watermark } from "../../src/store/node/watermark.ts";
import type { Batch } from "../../src/wire/batch.ts";
import { toHex } from "../../src/wire/ids.ts";
import type { LogRange } from "../../src/wire/logRange.ts";
import { verifyReceipt } from "../../src/wire/receipt.ts";
import { openTestStore } from "../support/openTestStore.ts";
import { testEnvelope, testOriginator } from "../support/testOriginator.ts";

type Position = Omit<TopicPosition, "topic">;
type Page = { envelopes: readonly StoredEnvelope[]; watermark: Watermark; more: boolean };

const TOPICS = [1, 2, 3];
const topicOf = (topic: number): Uint8Array => testEnvelope({ topic, text: "" }).topic;
const textOf = (payload: Uint8Array): string => new TextDecoder().decode(payload);

async function readPage(params: {
  store: LogStore;
  topics: readonly number[];
  position: Position;
  maxBytes: number;
}): Promise<Page> {
  const { store, topics, position, maxBytes } = params;
  const positions = topics.map((topic) => ({ topic: topicOf(topic), ...position }));
  const page = await queryTopics({ store, positions, maxBytes });
  assert.ok(page.kind === "page");
  return page;
}

/** As a client does: the first page by `position`, each further one by the cursor of the one before. */
async function readAll(params: {
  store: LogStore;
  topics: readonly number[];
  position: Position;
  maxBytes: number;
}): Promise<Page[]> {
  const pages: Page[] = [];
  let { position } = params;
  for (;;) {
    const page = await readPage({ ...params, position });
    pages.push(page);
    if (!page.more) return pages;
    position = { ...position, cursor: page.watermark.cursor };
  }
}

const textsOf = (pages: readonly Page[]): string[] =>
  pages.flatMap((page) => page.envelopes.map(({ envelope }) => textOf(envelope.payload)));

test("pages come by offset, within their bytes, each with receipts that verify", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const { next, signingPublicKey } = testOriginator("a");
  for (let i = 0; i < 30; i++) {
    const batch = next([1, 2, 3].map((topic) => testEnvelope({ topic, text: `${topic}/${i}` })));
    await appendPeerBatch({ store, batch });
  }
  const pages = await readAll({ store, topics: [1, 3], position: {}, maxBytes: 9000 });
  const expected = Array.from({ length: 30 }, (_, i) => [`1/${i}`, `3/${i}`]).flat();
  assert.deepEqual(textsOf(pages), expected);
  assert.deepEqual([...new Set(pages.slice(0, -1).map((page) => page.envelopes.length))], [10]);
  for (const { hash, receipts } of pages.flatMap((page) => page.envelopes)) {
    const [receipt] = receipts;
    assert.ok(receipt && verifyReceipt({ receipt, hash, signingKey: signingPublicKey }));
  }
  const newest = await newestEnvelopes({ store, topic: topicOf(2), limit: 2 });
  assert.deepEqual(
    newest.map(({ payload }) => textOf(payload)),
    ["2/29", "2/28"],
  );
});

test("a cursor of another database or beyond the end is a bad cursor", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const { cursor } = watermark(store);
  for (const bad of [
    { ...cursor, database: new Uint8Array(16) },
    { ...cursor, offset: 1n },
  ]) {
    const positions = [{ topic: topicOf(1), cursor: bad }];
    await assert.rejects(queryTopics({ store, positions, maxBytes: 1 }), (error: unknown) =>
      isWeftError(error, "bad-cursor"),
    );
  }
});

test("a watch is woken with the topics that arrived, also before it waits", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const { watches } = store;
  const { next } = testOriginator("a");
  const abort = new AbortController();
  using watch = watchTopics({ watches, topics: [topicOf(1)] });
  addTopics({ watches, watch, topics: [topicOf(2)] });
  const append = (topic: number) =>
    appendPeerBatch({ store, batch: next([testEnvelope({ topic, text: `${topic}` })]) });
  await append(3);
  await append(2);
  assert.deepEqual(await nextWake({ watch, ms: 60_000, signal: abort.signal }), [topicOf(2)]);
  const waiting = nextWake({ watch, ms: 60_000, signal: abort.signal });
  await append(1);
  assert.deepEqual(await waiting, [topicOf(1)]);
  const aborted = nextWake({ watch, ms: 60_000, signal: abort.signal });
  abort.abort();
  assert.deepEqual(await aborted, []);
  watch[Symbol.dispose]();
  assert.equal(watches.byTopic.size, 0);
});

type Sent = { batch: Batch; topics: number[]; texts: string[] };

/** Batches of three originators; envelopes may repeat, so that bodies are shared. */
function makeBatches(plan: readonly (readonly [number, readonly number[]])[]): Sent[] {
  const originators = ["a", "b", "c"].map(testOriginator);
  return plan.flatMap(([which, topics], i) => {
    const texts = topics.map((topic, j) => (topic === 2 ? `shared/${j}` : `${i}/${j}/${topic}`));
    const envelopes = topics.map((topic, j) => testEnvelope({ topic, text: texts[j] ?? "" }));
    const batch = originators[which]?.next(envelopes);
    return batch === undefined ? [] : [{ batch, topics: [...topics], texts }];
  });
}

/** True if the vector claims this place of the batch's log. */
function claims(vector: readonly LogRange[], { batch }: Sent, index: number): boolean {
  const { node, firstSequence } = batch.header;
  return vector.some(({ log, next }) => log.node === node && firstSequence + BigInt(index) < next);
}

const planArbitrary = fc.array(
  fc.tuple(fc.nat({ max: 2 }), fc.array(fc.constantFrom(...TOPICS), { minLength: 1, maxLength: 4 })),
  { minLength: 1, maxLength: 24 },
);

test("nothing is missed: by cursor across arrivals, by vector at another node, at any page's watermark", async () => {
  const runs = fc.asyncProperty(
    planArbitrary,
    fc.infiniteStream(fc.nat({ max: 1000 })),
    fc.uniqueArray(fc.constantFrom(...TOPICS), { minLength: 1 }),
    fc.constantFrom(1, 2500, 1e6),
    async (plan, random, topics, maxBytes) => {
      const draw = (below: number): number => (random.next().value ?? 0) % below;
      await using openedA = await openTestStore();
      await using openedB = await openTestStore();
      const [a, b] = [openedA.store, openedB.store];
      const sent = makeBatches(plan);
      const shuffled = (): Sent[] =>
        sent
          .map((item) => ({ item, at: draw(1000) }))
          .sort((x, y) => x.at - y.at)
          .map(({ item }) => item);
      const wanted = (items: readonly Sent[]): Set<string> =>
        new Set(items.flatMap((item) => item.texts.filter((_, i) => topics.includes(item.topics[i] ?? 0))));

      // by cursor, with arrivals between the pages
      const read = new Set<string>();
      let position: Position = {};
      let vector: readonly LogRange[] = [];
      const arrived: Sent[] = [];
      for (const item of shuffled().slice(0, 1 + draw(sent.length))) {
        await appendPeerBatch({ store: a, batch: item.batch });
        arrived.push(item);
        if (draw(3) > 0) continue;
        const page = await readPage({ store: a, topics, position, maxBytes });
        for (const found of textsOf([page])) read.add(found);
        position = { cursor: page.watermark.cursor };
        vector = page.watermark.vector;
        for (const each of sent) {
          for (const [i, found] of each.texts.entries()) {
            if (claims(vector, each, i) && topics.includes(each.topics[i] ?? 0)) assert.ok(read.has(found));
          }
        }
      }

      // moving with the vector of the last watermark
      for (const item of shuffled().slice(0, draw(sent.length + 1))) {
        await appendPeerBatch({ store: b, batch: item.batch });
        arrived.push(item);
      }
      const moved = await readAll({ store: b, topics, position: { vector }, maxBytes });
      for (const found of textsOf(moved)) read.add(found);
      const back = await readAll({ store: a, topics, position, maxBytes });
      for (const found of textsOf(back)) read.add(found);
      assert.deepEqual(read, wanted(arrived));
      assert.deepEqual(
        toHex(moved.at(-1)?.watermark.cursor.database ?? new Uint8Array()),
        toHex(b.database.id),
      );
    },
  );
  await fc.assert(runs, { numRuns: 40 });
});
