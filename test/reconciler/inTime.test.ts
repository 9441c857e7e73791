import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { inTime } from "../../src/reconciler/messages/inTime.ts";
import { judgeEnvelope } from "../../src/reconciler/messages/judgeEnvelope.ts";
import type { BlockRef } from "../../src/wire/blockRef.ts";

const limits = { lateCommits: 8, lateSeconds: 600 };
const block = (number: number, time = number): BlockRef => ({ number, hash: "0x", time });
const at = (anchorBlock: number, timeMs: number) => ({ anchorBlock, timeMs });

test("a message is in time within eight commits or ten minutes after its epoch's end", () => {
  const successors = Array.from({ length: 12 }, (_, i) => block(100 + i));
  const processed = block(10_000);
  const late = 10_000_000;
  const judge = (receipt: ReturnType<typeof at>) => inTime({ receipt, successors, processed, limits });
  assert.equal(judge(at(99, late)), "yes");
  assert.equal(judge(at(107, late)), "yes");
  assert.equal(judge(at(108, late)), "no");
  assert.equal(judge(at(5_000, (100 + 600) * 1000)), "yes");
  assert.equal(judge(at(5_000, (100 + 600) * 1000 + 1)), "no");
});

test("what cannot be told yet is told as unknown, and only then", () => {
  const receipt = at(500, 10_000_000);
  const open = { receipt, successors: [], limits };
  assert.equal(inTime({ ...open, processed: block(499) }), "unknown");
  assert.equal(inTime({ ...open, processed: block(500) }), "yes");
  assert.equal(inTime({ ...open, receipt: at(500, 1_000), processed: block(10) }), "yes");
});

test("whoever has read less of the chain never contradicts whoever has read more", () => {
  const chain = fc.array(fc.record({ gap: fc.integer({ min: 0, max: 3 }), seconds: fc.nat({ max: 300 }) }), {
    maxLength: 20,
  });
  const anyReceipt = fc.record({ anchorBlock: fc.nat({ max: 60 }), timeMs: fc.nat({ max: 6_000_000 }) });
  fc.assert(
    fc.property(chain, anyReceipt, fc.nat({ max: 20 }), (steps, receipt, read) => {
      let last = block(1, 1);
      const commits = steps.map(({ gap, seconds }) => {
        last = block(last.number + gap, last.time + (gap === 0 ? 0 : seconds));
        return last;
      });
      const seen = commits.slice(0, read);
      // Blocks are read as a whole.
      const processed = seen.at(-1) ?? block(0, 0);
      const known = commits.filter(({ number }) => number <= processed.number);
      const early = inTime({ receipt, successors: known, processed, limits });
      const end = { number: 1_000, hash: "0x" as const, time: last.time + 10_000 };
      const final = inTime({ receipt, successors: commits, processed: end, limits });
      assert.notEqual(final, "unknown");
      if (early !== "unknown") assert.equal(early, final);
    }),
  );
});

test("each place of a message's head has its outcome", () => {
  const base = { receipts: [at(5, 5_000)], processed: block(100), limits, hasKeys: true };
  const judge = (params: Partial<Parameters<typeof judgeEnvelope>[0]>) =>
    judgeEnvelope({ place: { kind: "head" }, ...base, ...params });
  assert.deepEqual(judge({}), { kind: "open" });
  assert.deepEqual(judge({ place: { kind: "unknown" } }), { kind: "hold" });
  assert.deepEqual(judge({ place: { kind: "dead" } }), { kind: "rejected", reason: "dead-branch" });
  assert.deepEqual(judge({ place: { kind: "before-start" } }), { kind: "before-start" });
  assert.deepEqual(judge({ receipts: [] }), { kind: "rejected", reason: "no-receipt" });
  const successors = Array.from({ length: 9 }, (_, i) => block(10 + i));
  const behind = { place: { kind: "behind", successors } } as const;
  assert.deepEqual(judge({ ...behind }), { kind: "open" });
  assert.deepEqual(judge({ ...behind, hasKeys: false }), { kind: "gap", reason: "keys-gone" });
  const late = at(50, 9_000_000);
  assert.deepEqual(judge({ ...behind, receipts: [late] }), { kind: "gap", reason: "too-late" });
  assert.deepEqual(judge({ ...behind, receipts: [late, at(12, 9_000_000)] }), { kind: "open" });
  assert.deepEqual(judge({ receipts: [at(101, 9_000_000)] }), { kind: "hold" });
});
