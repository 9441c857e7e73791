import type { Batch } from "../wire/batch.ts";
import type { BatchHeader } from "../wire/batchHeader.ts";

/** A batch that a peer sent, by gossip or by sync. */
export type Arrival = {
  readonly batch: Batch;
  /** The sender's peer id. */
  readonly from: string;
  /** The headers that came with the batch, by hash: its predecessors may not be on disk yet. */
  readonly beside?: ReadonlyMap<string, BatchHeader>;
};
