import type { Batch } from "./batch.ts";
import type { Hex } from "./ids.ts";

/** A batch by the sequence after its last envelope and its header's hash. */
export type BatchEnd = { readonly end: bigint; readonly headerHash: Hex };

/** The branches of a forked log. */
export type Branches = {
  /** The last batch of each branch. */
  readonly tips: readonly BatchEnd[];
  /** Batches that others name as the one before them, but that are not held. */
  readonly lacking: readonly BatchEnd[];
};

/** Sequences [from, until) that are not held; without `until` everything from there on. */
export type MissingRange = { readonly from: bigint; readonly until: bigint | undefined };

/** What a node holds of a log from a sequence on. */
export type LogPage =
  /** Batches without a gap from the sequence asked for; of a forked log those of both branches. */
  | { readonly kind: "page"; readonly batches: readonly Batch[] }
  /** `availableFrom`: where the next batch that is held starts, if there is one. */
  | { readonly kind: "absent"; readonly availableFrom: bigint | undefined }
  | { readonly kind: "pruned"; readonly floor: bigint };
