import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { keepPruning, retentionOf } from "../../src/node/keepPruning.ts";
import { readNodeSettings } from "../../src/node/settings/readNodeSettings.ts";
import { watchRoom } from "../../src/node/watchRoom.ts";
import { appendPeerBatch } from "../../src/store/node/appendBatch.ts";
import { openChainIndex } from "../../src/store/node/chainIndex.ts";
import { hasEnvelopes } from "../../src/store/node/receiptsOf.ts";
import { envelopeHash } from "../../src/wire/envelope.ts";
import { openTestStore } from "../support/openTestStore.ts";
import { testEnvelope, testOriginator } from "../support/testOriginator.ts";
import { until } from "../support/until.ts";

const DAY_MS = 24 * 60 * 60_000;
const kinds = { other: 9, group: 1, "key-package": 2, welcome: 3, "group-info": 4, history: 5 };
const logger = pino({ level: "silent" });
const settings = readNodeSettings({ chosen: {}, environment: {} });

test("every kind has a retention by default, unknown ones too; forever keeps, and scarce room shortens what strangers fill", () => {
  const inDays = (retention: ReturnType<typeof retentionOf>) =>
    Object.fromEntries(Object.entries(retention).map(([kind, ms]) => [kind, ms / DAY_MS]));
  const usual = { group: 90, "key-package": 90, welcome: 90, "group-info": 90, history: 7, other: 30 };
  assert.deepEqual(inDays(retentionOf({ settings, isScarce: false })), usual);
  const scarce = { ...usual, welcome: 7, "group-info": 7, other: 7 };
  assert.deepEqual(inDays(retentionOf({ settings, isScarce: true })), scarce);
  const chosen = { groupDays: "forever", welcomeDays: "forever", unknownDays: "3" };
  const kept = readNodeSettings({ chosen, environment: {} });
  assert.deepEqual(inDays(retentionOf({ settings: kept, isScarce: false })), {
    "key-package": 90,
    history: 7,
    other: 3,
  });
});

test("the mark that befits a disk is at most 2 GB", async () => {
  const turns: unknown[] = [];
  const place = { path: "/", mark: "auto", onTurn: (turn: unknown) => turns.push(turn) } as const;
  using enough = await watchRoom({ ...place, readFree: async () => 2_000_000_001 });
  using little = await watchRoom({ ...place, readFree: async () => 1_000 });
  assert.deepEqual([enough.shortage(), little.shortage()?.code, turns.length], [undefined, "disk-low", 1]);
});

test("room that becomes scarce is told once, ends above the mark only, and what strangers filled makes room", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const index = await openChainIndex({ database: store.database });
  const now = store.nowMs();
  const envelopes = Object.entries(kinds).map(([text, kind]) => testEnvelope({ topic: 5, text, kind }));
  const hashes = envelopes.map(envelopeHash);
  const { next } = testOriginator("a");
  await appendPeerBatch({ store, batch: next(envelopes), now: now - 8 * DAY_MS });
  let free = 100;
  const turns: (string | undefined)[] = [];
  using room = await watchRoom({
    ...{ path: "/", mark: 100, lookMs: 5, readFree: async () => free },
    onTurn: (shortage) => turns.push(shortage?.code),
  });
  const stop = new AbortController();
  const time = { chain: () => ({ timeMs: now, isFresh: true }) };
  const kept = {
    store,
    index,
    isRead: () => false,
    onPruned: () => undefined,
    time,
    room,
    settings,
    logger,
    lookMs: 5,
  };
  const pruning = keepPruning({ ...kept, signal: stop.signal });
  assert.equal(room.shortage(), undefined);
  free = 99;
  await until("it is scarce", () => room.shortage() !== undefined);
  assert.equal(room.isOut(), false);
  const left = async (): Promise<string> => (await hasEnvelopes({ store, hashes })).join();
  await until("room is made", async () => (await left()) === "false,true,true,false,false,false");
  free = 49;
  await until("nothing of peers is stored", () => room.isOut());
  free = 105;
  await until("it is", () => !room.isOut());
  assert.equal(room.shortage()?.code, "disk-low");
  free = 111;
  await until("it is over", () => room.shortage() === undefined);
  assert.deepEqual(turns, ["disk-low", undefined]);
  stop.abort();
  await pruning;
});
