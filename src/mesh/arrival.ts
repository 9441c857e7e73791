import type { Batch } from "../wire/batch.ts";
import type { BatchHeader } from "../wire/batchHeader.ts";

/** A batch that a peer sent, by gossip or by sync. */
export type Arrival = {
  readonly batch: Batch;
  /** Peer id of the sender. */
  readonly from: string;
  /** Headers that came with it, by hash: predecessors that may not be on disk yet. */
  readonly beside?: ReadonlyMap<string, BatchHeader>;
};
