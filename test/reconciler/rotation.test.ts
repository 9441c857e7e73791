import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { BranchStep } from "../../src/reconciler/branch/branch.ts";
import type { EntryRecord } from "../../src/reconciler/records/records.ts";
import { jitterOf, keyDateOf, rotationDueMs } from "../../src/reconciler/upkeep/rotation.ts";
import {
  type Address,
  asId,
  type EntryId,
  type GroupId,
  type InboxId,
  type InstallationKey,
  toHex,
} from "../../src/wire/ids.ts";
import { testId } from "../support/testIntent.ts";

const [group, joined, other] = [testId<GroupId>(1), testId<EntryId>(2), testId<EntryId>(3)];
const [self, peer] = [testId<InstallationKey>(0xa), testId<InstallationKey>(0xb)];
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

function stepOf(params: {
  epoch: number;
  id: EntryId;
  time: number;
  writer?: InstallationKey;
  adds?: number;
}): BranchStep {
  const { epoch, id, time, writer, adds = 0 } = params;
  const owner = (installation: InstallationKey) => ({ inbox: testId<InboxId>(0xc), installation });
  const verdict: EntryRecord["verdict"] = writer
    ? { kind: "adopted", epoch, writer: owner(writer), adds: Array(adds).fill(owner(peer)), removes: [] }
    : { kind: "before-start", epoch };
  const block = { number: epoch, hash: "0x" as const, time };
  const authority = "0x" as Address;
  return { head: id, epoch, entry: { id, parent: group, index: 0, authority, block, logIndex: 0, verdict } };
}

test("a key dates from one's last commit with a path, else from the entry by which one came in", () => {
  const start = stepOf({ epoch: 4, id: joined, time: 100 });
  assert.deepEqual(keyDateOf({ steps: [start], self }), { entry: joined, atMs: 100_000, isRotated: false });
  const theirs = stepOf({ epoch: 5, id: other, time: 200, writer: peer });
  const addition = stepOf({ epoch: 6, id: other, time: 300, writer: self, adds: 1 });
  assert.deepEqual(keyDateOf({ steps: [start, theirs, addition], self })?.entry, joined);
  const own = stepOf({ epoch: 7, id: other, time: 400, writer: self });
  assert.deepEqual(keyDateOf({ steps: [start, theirs, addition, own], self }), {
    ...{ entry: other, atMs: 400_000, isRotated: true },
  });
  const founding = { head: group, epoch: 0, entry: undefined };
  assert.equal(keyDateOf({ steps: [founding], self }), undefined);
  assert.equal(keyDateOf({ steps: [founding, addition], self })?.isRotated, false);
});

test("the due time stays within its bounds and does not change with a restart", () => {
  const times = fc.integer({ min: 1, max: 2 ** 40 });
  fc.assert(
    fc.property(bytes32, bytes32, times, times, times, (entry, key, atMs, afterJoiningMs, periodMs) => {
      const since = { entry: asId<EntryId>(entry), atMs };
      const params = { rotation: { afterJoiningMs, periodMs }, self: toHex(key) as InstallationKey };
      const first = rotationDueMs({ ...params, since: { ...since, isRotated: false } });
      const later = rotationDueMs({ ...params, since: { ...since, isRotated: true } });
      assert.ok(first >= atMs && first <= atMs + afterJoiningMs);
      assert.ok(later >= atMs + periodMs / 2 && later <= atMs + periodMs * 1.5);
      assert.equal(rotationDueMs({ ...params, since: { ...since, isRotated: true } }), later);
    }),
  );
});

test("a thousand members who came in by one entry spread evenly", () => {
  fc.assert(
    fc.property(bytes32, bytes32, (entry, seed) => {
      const tenths = Array(10).fill(0);
      for (let i = 0; i < 1_000; i++) {
        const key = seed.slice();
        new DataView(key.buffer).setUint32(0, i);
        const part = jitterOf({ entry: asId(entry), self: toHex(key) as InstallationKey });
        tenths[Math.floor(part * 10)]++;
      }
      for (const count of tenths) assert.ok(count > 40 && count < 160, `a tenth has ${count} of 1,000`);
    }),
    { numRuns: 20 },
  );
});
