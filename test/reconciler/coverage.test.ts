import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { judgeFence, sideOf } from "../../src/reconciler/messages/fence.ts";
import { keepTaken } from "../../src/reconciler/messages/keepTaken.ts";
import { headersByHash, verifyCoverage } from "../../src/reconciler/messages/verifyCoverage.ts";
import type { CoverageRecord } from "../../src/reconciler/records/records.ts";
import type { Taken } from "../../src/reconciler/records/timelineRecord.ts";
import type { Batch } from "../../src/wire/batch.ts";
import { type BatchHeader, batchHeaderHash } from "../../src/wire/batchHeader.ts";
import type { BatchPlace } from "../../src/wire/batchPlace.ts";
import type { BatchCoverage } from "../../src/wire/coverage.ts";
import type { EntryId, Hex, NodeId } from "../../src/wire/ids.ts";
import { FENCE_BLOCKS } from "../../src/wire/limits.ts";
import { testId } from "../support/testIntent.ts";
import { testNetwork } from "../support/testNetwork.ts";
import { testEnvelope, testOriginator } from "../support/testOriginator.ts";

const FENCE = 20;
const LAST = FENCE + FENCE_BLOCKS;

test("a batch is before the fence by its anchor and a checkpoint in time, and open until no block can bring one", () => {
  const side = (anchorBlock: number, coverage?: CoverageRecord) =>
    sideOf({ fence: FENCE, taken: { anchorBlock }, coverage });
  assert.equal(side(FENCE - 1), "unknown");
  assert.equal(side(FENCE), "behind");
  assert.equal(side(FENCE, { block: FENCE, asOf: LAST }), "behind");
  assert.equal(side(0, { block: LAST, asOf: LAST }), "before");
  assert.equal(side(0, { block: LAST + 1, asOf: LAST + 1 }), "behind");
  assert.equal(side(0, { asOf: LAST - 1 }), "unknown");
  assert.equal(side(0, { asOf: LAST }), "behind");
});

test("one receipt that is before the fence is enough, one that may be keeps the verdict open", () => {
  assert.equal(judgeFence([]), "fenced");
  assert.equal(judgeFence(["behind", "behind"]), "fenced");
  assert.equal(judgeFence(["behind", "unknown"]), "pending");
  assert.equal(judgeFence(["unknown", "before", "behind"]), "counts");
});

/** Receipts of few nodes in few batches, and from which block on a checkpoint covers each, if one does. */
const receipts = fc.uniqueArray(
  fc.record({
    node: fc.integer({ min: 1, max: 12 }),
    batch: fc.integer({ min: 1, max: 60 }),
    anchorBlock: fc.nat(2 * FENCE),
    covered: fc.option(fc.integer({ min: 1, max: LAST + 10 }), { nil: undefined }),
  }),
  { selector: ({ batch }) => batch, maxLength: 40 },
);

function takenOf({ node, batch, anchorBlock }: { node: number; batch: number; anchorBlock: number }): Taken {
  const log = { node: testId<EntryId>(node) as Hex as NodeId, generation: 1n, shard: 0 };
  return { log, first: BigInt(batch), headerHash: testId<EntryId>(1000 + batch), anchorBlock };
}

test("whatever order receipts and blocks come in, the verdict is the same and keeps standing", () => {
  const histories = receipts.chain((facts) =>
    fc.tuple(fc.constant(facts), fc.shuffledSubarray(facts, { minLength: facts.length })),
  );
  fc.assert(
    fc.property(histories, fc.array(fc.nat(LAST + 20)), ([facts, shuffled], heads) => {
      const blocks = new Map(facts.map((fact) => [takenOf(fact).headerHash, fact.covered]));
      const known = (head: number) => (taken: Taken) => {
        const block = blocks.get(taken.headerHash);
        const coverage = block !== undefined && block <= head ? { block, asOf: head } : { asOf: head };
        return sideOf({ fence: FENCE, taken, coverage });
      };
      const inOrder = keepTaken(facts.map(takenOf));
      let oneByOne: Taken[] = [];
      for (const one of shuffled) oneByOne = keepTaken([takenOf(one), ...oneByOne]);
      assert.deepEqual(oneByOne, inOrder);
      const final = judgeFence(inOrder.map(known(LAST)));
      assert.notEqual(final, "pending");
      for (const head of heads) {
        const now = judgeFence(oneByOne.map(known(head)));
        if (now !== "pending") assert.equal(now, final);
      }
    }),
  );
});

test("a node that floods an envelope with receipts does not crowd out another's", () => {
  const flood = Array.from({ length: 100 }, (_, i) => takenOf({ node: 1, batch: i, anchorBlock: 0 }));
  const honest = takenOf({ node: 2, batch: 200, anchorBlock: FENCE - 1 });
  const kept = keepTaken([...flood, honest]);
  assert.equal(kept.length, 3);
  assert.ok(kept.some(({ headerHash }) => headerHash === honest.headerHash));
});

const place = ({ header, headerBytes }: Batch): BatchPlace => ({
  log: { node: header.node, generation: header.generation, shard: header.shard },
  first: header.firstSequence,
  headerHash: batchHeaderHash(headerBytes),
});

/** A log of batches of one envelope each; the third one follows `third` instead of the second if that is named. */
function logOf(params: { count: number; third?: Partial<BatchHeader> }): Batch[] {
  const { next } = testOriginator("log");
  return Array.from({ length: params.count }, (_, i) =>
    next([testEnvelope({ topic: 1, text: `${i}` })], i === 2 ? params.third : {}),
  );
}

function judged(params: {
  batches: readonly Batch[];
  of: Batch | undefined;
  coverage?: BatchCoverage;
}): string {
  const { batches, of } = params;
  const last = batches.at(-1);
  assert.ok(last && of);
  const checkpoint = { sequence: last.header.firstSequence, headerHash: place(last).headerHash, block: 7 };
  const headers = headersByHash(batches.map(({ headerBytes }) => headerBytes));
  const { coverage = { kind: "covered", checkpoint } } = params;
  return verifyCoverage({ network: testNetwork, batch: place(of), coverage, headers }).kind;
}

test("coverage is believed only where headers of the same log lead back from the checkpoint without a gap", () => {
  const batches = logOf({ count: 5 });
  for (const of of batches) assert.equal(judged({ batches, of }), "covered");
  const [first, second, third, ...rest] = batches;
  assert.ok(first && second && third);
  assert.equal(judged({ batches: [first, second, ...rest], of: first }), "false", "a header is missing");
  assert.equal(judged({ batches, of: logOf({ count: 1 })[0] }), "false", "another branch");
  const sequence = { sequence: 9n, headerHash: place(third).headerHash, block: 7 };
  const beyond: BatchCoverage = { kind: "covered", checkpoint: sequence };
  assert.equal(judged({ batches, of: first, coverage: beyond }), "false", "it covers less than it says");
  const gap = logOf({ count: 3, third: { firstSequence: 5n } });
  assert.equal(judged({ batches: gap, of: gap[0] }), "false", "sequences are left out");
  const restarted = logOf({ count: 3, third: { generation: 2n } });
  assert.equal(judged({ batches: restarted, of: restarted[0] }), "false", "another generation");
  const elsewhere = logOf({ count: 3, third: { chainId: 1 } });
  assert.equal(judged({ batches: elsewhere, of: elsewhere[0] }), "false", "another network");
  const junk = headersByHash([new Uint8Array(416), Uint8Array.of(1), first.headerBytes]);
  assert.equal(junk.size, 1);
});

test("a node may lead on to a later batch of the same log, and only forward", () => {
  const batches = logOf({ count: 4 });
  const [first, second, third] = batches;
  assert.ok(first && second && third);
  const to = (batch: Batch): BatchCoverage => ({ kind: "linked", to: place(batch) });
  assert.equal(judged({ batches, of: first, coverage: to(third) }), "linked");
  assert.equal(judged({ batches, of: second, coverage: to(second) }), "false");
  assert.equal(judged({ batches, of: second, coverage: to(first) }), "false");
  assert.equal(judged({ batches: [third], of: first, coverage: to(third) }), "false");
});
