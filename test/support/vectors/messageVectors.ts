import type { Branch, BranchStep } from "../../../src/reconciler/branch/branch.ts";
import { fenceBlock, judgeFence, sideOf } from "../../../src/reconciler/messages/fence.ts";
import type { LateLimits, ReceiptTime } from "../../../src/reconciler/messages/inTime.ts";
import { judgeEnvelope } from "../../../src/reconciler/messages/judgeEnvelope.ts";
import { headersByHash, verifyCoverage } from "../../../src/reconciler/messages/verifyCoverage.ts";
import type { Member } from "../../../src/reconciler/policy/roleOf.ts";
import type { CoverageRecord, EntryRecord } from "../../../src/reconciler/records/records.ts";
import { batchHeaderHash, decodeBatchHeader } from "../../../src/wire/batchHeader.ts";
import type { BatchPlace } from "../../../src/wire/batchPlace.ts";
import type { BlockRef } from "../../../src/wire/blockRef.ts";
import type { BatchCoverage } from "../../../src/wire/coverage.ts";
import { type EntryId, fromHex, type Hex } from "../../../src/wire/ids.ts";
import { testId } from "../testIntent.ts";
import { testNetwork } from "../testNetwork.ts";
import type { VectorFile } from "./vectorFile.ts";

/** Number and time (seconds) of a block. */
type Block = Omit<BlockRef, "hash">;

type OutcomeInput = {
  readonly place: "head" | "before-start" | "dead" | "unknown" | { readonly behind: readonly Block[] };
  readonly receipts: readonly ReceiptTime[];
  readonly processed: Block;
  readonly hasKeys: boolean;
};

export type OutcomeVectors = VectorFile<{ readonly limits: LateLimits }, OutcomeInput>;

/** What the client does with a well-formed envelope. */
export function replayOutcome(params: { vectors: OutcomeVectors; input: OutcomeInput }): unknown {
  const { place, receipts, processed, hasKeys } = params.input;
  return judgeEnvelope({
    place:
      typeof place === "string" ? { kind: place } : { kind: "behind", successors: place.behind.map(blockOf) },
    processed: blockOf(processed),
    ...{ receipts, hasKeys, limits: params.vectors.limits },
  });
}

type FenceInput = {
  /** Adopted entries, in order, after the head that the message names; `removes`: the sender. */
  readonly commits: readonly { readonly block: number; readonly removes: boolean }[];
  /** Of the sender's installation. */
  readonly revokedBlock?: number;
  /** Where nodes took the message in, and what is known of that batch. */
  readonly taken: readonly { readonly anchorBlock: number; readonly coverage?: CoverageRecord }[];
};

export type FenceVectors = VectorFile<object, FenceInput>;

/** Whether what a removed or revoked sender said counts. */
export function replayFence({ input }: { input: FenceInput }): unknown {
  const sender: Member = { inbox: testId(1), installation: testId(2) };
  const { inbox, installation } = sender;
  const revoked = { installation, addedBlock: 1, revokedBlock: input.revokedBlock };
  const branch = branchWith({ sender, commits: input.commits });
  const fence = fenceBlock({
    ...{ branch, sender, head: testId(100) },
    inbox: { inbox, installations: [revoked] },
  });
  if (fence === undefined) return { verdict: "counts" };
  const sides = input.taken.map(({ coverage, ...taken }) => sideOf({ fence, taken, coverage }));
  return { fence, sides, verdict: judgeFence(sides) };
}

function branchWith(params: { sender: Member; commits: FenceInput["commits"] }): Branch {
  const steps = params.commits.map(({ block, removes }, i): BranchStep => {
    const id = testId<EntryId>(101 + i);
    const entry: EntryRecord = {
      ...{ id, parent: testId<EntryId>(100 + i), index: 0, logIndex: 0 },
      authority: testNetwork.commitLog,
      block: blockOf({ number: block, time: block }),
      verdict: {
        ...{ kind: "adopted", epoch: 2 + i, writer: params.sender, adds: [] },
        removes: removes ? [params.sender] : [],
      },
    };
    return { head: id, epoch: 2 + i, entry };
  });
  const all = [{ head: testId<EntryId>(100), epoch: 1, entry: undefined }, ...steps];
  return { steps: all, places: new Map(all.map(({ head }, i) => [head, i])) };
}

type CoverageInput = {
  /** That is asked about. */
  readonly batch: string;
  /** Headers that the node gives. */
  readonly headers: readonly string[];
  /** The node's word, about batches by name. */
  readonly says:
    | { readonly coveredBy: string; readonly block: number }
    | { readonly linkedTo: string }
    | "uncovered";
};

export type CoverageVectors = VectorFile<
  { readonly network: typeof testNetwork; readonly headers: Readonly<Record<string, Hex>> },
  CoverageInput
>;

/** What a node's word of a batch is worth. */
export function replayCoverage(params: { vectors: CoverageVectors; input: CoverageInput }): unknown {
  const { vectors, input } = params;
  const bytesOf = (name: string) => fromHex(vectors.headers[name] ?? "");
  return verifyCoverage({
    network: vectors.network,
    batch: placeOf(bytesOf(input.batch)),
    headers: headersByHash(input.headers.map(bytesOf)),
    coverage: coverageOf(input.says, bytesOf),
  });
}

function coverageOf(says: CoverageInput["says"], bytesOf: (name: string) => Uint8Array): BatchCoverage {
  if (says === "uncovered") return { kind: "uncovered" };
  if ("linkedTo" in says) return { kind: "linked", to: placeOf(bytesOf(says.linkedTo)) };
  const { headerHash, first } = placeOf(bytesOf(says.coveredBy));
  const { count } = decodeBatchHeader(bytesOf(says.coveredBy));
  const sequence = first + BigInt(count) - 1n;
  return { kind: "covered", checkpoint: { headerHash, sequence, block: says.block } };
}

function placeOf(headerBytes: Uint8Array): BatchPlace {
  const { node, generation, shard, firstSequence: first } = decodeBatchHeader(headerBytes);
  return { log: { node, generation, shard }, first, headerHash: batchHeaderHash(headerBytes) };
}

function blockOf({ number, time }: Block): BlockRef {
  return { number, time, hash: testId<EntryId>(number) };
}
