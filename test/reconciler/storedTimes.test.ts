import assert from "node:assert/strict";
import { test } from "node:test";
import type { OwnKeyPackage } from "../../src/identity/createKeyPackageRecord.ts";
import { canForget, needsRotation } from "../../src/identity/keyPackageAge.ts";
import { withTrueTimes } from "../../src/reconciler/intents/storedTimes.ts";
import type { EntryId } from "../../src/wire/ids.ts";
import { testId, testIntent } from "../support/testIntent.ts";

const NOW_MS = 1_800_000_000_000;
const DAY_MS = 24 * 3_600_000;

test("what an outbox keeps of times is void where it lies further ahead than it can", () => {
  const put = (retryAtMs: number) =>
    withTrueTimes({ intent: testIntent({ action: { kind: "rotate" }, retryAtMs }), nowMs: NOW_MS }).retryAtMs;
  assert.equal(put(NOW_MS + 3_000), NOW_MS + 3_000, "it was put off a moment ago");
  assert.equal(put(NOW_MS - DAY_MS), NOW_MS - DAY_MS);
  assert.equal(put(NOW_MS + 11_000), 0);
  assert.equal(put(NOW_MS + 100 * DAY_MS), 0);
  const submitted = { block: 5, atMs: NOW_MS + DAY_MS };
  const progress = {
    kind: "staged",
    entry: testId<EntryId>(1),
    parent: testId<EntryId>(2),
    needsChildren: 0,
    submitted,
  } as const;
  const intent = withTrueTimes({
    intent: testIntent({ action: { kind: "rotate" }, progress }),
    nowMs: NOW_MS,
  });
  assert.deepEqual(intent.progress, { ...progress, submitted: { block: 5, atMs: NOW_MS } });
});

test("a key package that a clock far ahead has dated is replaced once the chain tells the time", () => {
  const own = (days: number) => ({ expiresAt: (NOW_MS + days * DAY_MS) / 1000 }) as OwnKeyPackage;
  const needs = (days: number) => needsRotation({ own: own(days), used: false, nowMs: NOW_MS });
  assert.deepEqual([90, 46, 44, -1, 134, 136, 190].map(needs), [false, false, true, true, false, true, true]);
  assert.equal(canForget({ supersededAtMs: NOW_MS + DAY_MS, used: true, nowMs: NOW_MS }), false);
});
