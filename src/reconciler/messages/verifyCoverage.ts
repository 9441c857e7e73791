import { isWeftError } from "../../errors.ts";
import { type BatchHeader, batchHeaderHash, decodeBatchHeader } from "../../wire/batchHeader.ts";
import type { BatchPlace } from "../../wire/batchPlace.ts";
import { catchFault } from "../../wire/catchFault.ts";
import type { BatchCoverage } from "../../wire/coverage.ts";
import type { Hex } from "../../wire/ids.ts";
import type { Network } from "../../wire/network.ts";

/** What a node's answer about a batch proves. */
export type ProvenCoverage =
  /** The headers lead from the checkpoint's hash back to the batch. */
  | { readonly kind: "covered"; readonly block: number }
  /**
   * The headers lead from a later batch of the log back to this one: a checkpoint that covers the later batch covers
   * this one.
   */
  | { readonly kind: "linked"; readonly to: BatchPlace }
  | { readonly kind: "uncovered" }
  | { readonly kind: "unserved"; readonly reason: "later" | "absent" | "pruned" }
  /** The answer claims more than its headers show. */
  | { readonly kind: "false" };

export type HeadersByHash = ReadonlyMap<Hex, BatchHeader>;

/** Indexes the headers of a page by their SHA-256; bytes that are no header are left out. */
export function headersByHash(headers: readonly Uint8Array[]): HeadersByHash {
  const entries = headers.flatMap((bytes): [Hex, BatchHeader][] => {
    const header = catchFault(() => decodeBatchHeader(bytes));
    return isWeftError(header) ? [] : [[batchHeaderHash(bytes), header]];
  });
  return new Map(entries);
}

/**
 * Checks a node's answer about a batch by the headers that it gives. A batch on another branch of the log is not
 * covered. Pure.
 */
export function verifyCoverage(params: {
  network: Pick<Network, "chainId" | "nodeRegistry">;
  batch: BatchPlace;
  coverage: BatchCoverage;
  headers: HeadersByHash;
}): ProvenCoverage {
  const { batch, coverage } = params;
  switch (coverage.kind) {
    case "covered": {
      const { headerHash, sequence, block } = coverage.checkpoint;
      const isProven = leadsBack({ ...params, from: headerHash, end: sequence + 1n });
      return isProven ? { kind: "covered", block } : { kind: "false" };
    }
    case "linked": {
      const { headerHash, first } = coverage.to;
      const header = params.headers.get(headerHash);
      const end = first + BigInt(header?.count ?? 0);
      const isProven = first > batch.first && leadsBack({ ...params, from: headerHash, end });
      const to = { log: batch.log, first, headerHash };
      return isProven ? { kind: "linked", to } : { kind: "false" };
    }
    case "uncovered":
    case "unserved":
      return coverage;
  }
}

/**
 * True if a chain of headers of the batch's log, without a gap, leads back to the batch from a batch that ends at
 * `end`.
 */
function leadsBack(params: {
  network: Pick<Network, "chainId" | "nodeRegistry">;
  batch: BatchPlace;
  headers: HeadersByHash;
  from: Hex;
  end: bigint;
}): boolean {
  const { network, batch, headers, from } = params;
  const { node, generation, shard } = batch.log;
  let { end } = params;
  for (let hash = from; ; ) {
    const header = headers.get(hash);
    if (header === undefined || header.firstSequence < batch.first) return false;
    if (header.chainId !== network.chainId || header.nodeRegistry !== network.nodeRegistry) return false;
    if (header.node !== node || header.generation !== generation || header.shard !== shard) return false;
    if (header.firstSequence + BigInt(header.count) !== end) return false;
    if (hash === batch.headerHash) return header.firstSequence === batch.first;
    hash = header.previous;
    end = header.firstSequence;
  }
}
