import assert from "node:assert/strict";
import { after, test } from "node:test";
import { appendPeerBatch } from "../../src/store/node/appendBatch.ts";
import { logHeads, logStateOf } from "../../src/store/node/logStore.ts";
import { openLogStore } from "../../src/store/node/openLogStore.ts";
import { pruneLogs } from "../../src/store/node/pruneLogs.ts";
import { queryTopics } from "../../src/store/node/queryTopics.ts";
import { readLogRange } from "../../src/store/node/readLogRange.ts";
import { hasEnvelopes } from "../../src/store/node/receiptsOf.ts";
import { watermark } from "../../src/store/node/watermark.ts";
import { envelopeHash } from "../../src/wire/envelope.ts";
import { moveClock } from "../support/moveClock.ts";
import { openTestStore } from "../support/openTestStore.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { testEnvelope, testOriginator } from "../support/testOriginator.ts";

const GROUP = 1;
const WELCOME = 3;
const message = (text: string) => testEnvelope({ topic: 1, text, kind: GROUP });
const welcome = (text: string) => testEnvelope({ topic: 7, text, kind: WELCOME });

test("retention by kind: what is gone is pruned, not absent, and the rest stays", async () => {
  await using directory = await temporaryDirectory();
  const { log, next } = testOriginator("a");
  const mixed = next([message("old"), welcome("old")]);
  {
    await using opened = await openTestStore(directory.path);
    const { store } = opened;
    const start = watermark(store);
    await appendPeerBatch({ store, batch: mixed, now: 1000 });
    const middle = watermark(store);
    await appendPeerBatch({ store, batch: next([message("new"), welcome("new")]), now: 5000 });

    assert.equal(await pruneLogs({ store, retention: { welcome: 1000 }, now: 2500 }), 1);
    assert.equal(await pruneLogs({ store, retention: { welcome: 1000 }, now: 2500 }), 0);
    const hashes = [message("old"), welcome("old"), welcome("new")].map(envelopeHash);
    assert.deepEqual(await hasEnvelopes({ store, hashes }), [true, false, true]);

    const ask = (topic: Uint8Array, position: object) =>
      queryTopics({ store, positions: [{ topic, ...position }], maxBytes: 1e6 });
    const { topic } = welcome("");
    for (const from of [{ cursor: start.cursor }, { vector: start.vector }]) {
      assert.deepEqual(await ask(topic, from), { kind: "pruned", topics: [topic] });
      assert.equal((await ask(message("").topic, from)).kind, "page");
    }
    for (const from of [{}, { cursor: middle.cursor }, { vector: middle.vector }]) {
      const page = await ask(topic, from);
      assert.ok(page.kind === "page");
      assert.deepEqual(
        page.envelopes.map(({ envelope }) => envelope),
        [welcome("new")],
      );
    }
    assert.deepEqual(await readLogRange({ store, log, from: 0n, maxBytes: 1e6 }), {
      kind: "pruned",
      floor: 2n,
    });
    assert.equal((await readLogRange({ store, log, from: 2n, maxBytes: 1e6 })).kind, "page");
    assert.deepEqual(
      logHeads(store).map(({ floor, next }) => [floor, next]),
      [[2n, 4n]],
    );

    assert.equal(await pruneLogs({ store, retention: { group: 0, welcome: 0 }, now: 6000 }), 3);
    const left = await store.database.level.keys({ gte: Uint8Array.of(0x11), lt: Uint8Array.of(0x16) }).all();
    assert.deepEqual(left, []);
    assert.deepEqual(await appendPeerBatch({ store, batch: mixed }), { kind: "pruned", floor: 4n });
  }
  await using opened = await openTestStore(directory.path);
  assert.equal(opened.store.state.nextOffset, 4n, "offsets are not given out again");
  assert.equal(logStateOf(opened.store.state, log).next, 4n);
});

test("a shared body stays as long as one of its arrivals", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const [a, b] = [testOriginator("a"), testOriginator("b")];
  await appendPeerBatch({ store, batch: a.next([message("x")]), now: 1000 });
  await appendPeerBatch({ store, batch: b.next([message("x")]), now: 2000 });
  const hashes = [envelopeHash(message("x"))];
  await pruneLogs({ store, retention: { group: 500 }, now: 2000 });
  assert.deepEqual(await hasEnvelopes({ store, hashes }), [true]);
  await pruneLogs({ store, retention: { group: 500 }, now: 3000 });
  assert.deepEqual(await hasEnvelopes({ store, hashes }), [false]);
});

test("a log that was never whole goes on from its floor", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const { log, next } = testOriginator("a");
  next([message("lost")]);
  const second = next([message("1")]);
  const third = next([message("2")]);
  await appendPeerBatch({ store, batch: second, now: 1000 });
  await appendPeerBatch({ store, batch: third, now: 5000 });
  await pruneLogs({ store, retention: { group: 1000 }, now: 3000 });
  const state = logStateOf(store.state, log);
  assert.equal(state.next, 3n);
});

test("a machine's clock that jumps ahead prunes nothing, and what came by it goes in its time", async () => {
  after(() => moveClock(0));
  await using opened = await openTestStore();
  let now = 1_000_000;
  const store = await openLogStore({ database: opened.store.database, nowMs: () => now });
  const { next } = testOriginator("a");
  moveClock(100 * 24 * 3_600_000);
  await appendPeerBatch({ store, batch: next([message("old")]) });
  now += 1000;
  assert.equal(await pruneLogs({ store, retention: { group: 1000 } }), 0);
  now += 1;
  assert.equal(await pruneLogs({ store, retention: { group: 1000 } }), 1);
});
