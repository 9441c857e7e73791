import type { BatchPlace } from "./batchPlace.ts";
import type { Hex } from "./ids.ts";

/** A node's statement about its log on the chain: `sequence` is the last one that the header covers. */
export type Checkpoint = { readonly sequence: bigint; readonly headerHash: Hex; readonly block: number };

/** Which checkpoint covers a batch, as one node tells it. */
export type BatchCoverage =
  /** The earliest checkpoint that covers the batch. */
  | { readonly kind: "covered"; readonly checkpoint: Checkpoint }
  /** Its checkpoint is further away than a page reaches: ask for this batch, which is on the way to it. */
  | { readonly kind: "linked"; readonly to: BatchPlace }
  /** No checkpoint up to the page's head covers it. */
  | { readonly kind: "uncovered" }
  /** `later`: the page is full; `absent` and `pruned`: the node lacks batches in between. */
  | { readonly kind: "unserved"; readonly reason: "later" | "absent" | "pruned" };
