import type { Batch } from "../wire/batch.ts";
import type { BatchHeader } from "../wire/batchHeader.ts";
import type { BatchEnd, Branches, LogPage, MissingRange } from "../wire/heldLog.ts";
import type { Hex } from "../wire/ids.ts";
import type { LogId, LogRange } from "../wire/logRange.ts";

/** How far a log is held; `highest` is the sequence after the last batch that is held, even after a missing range. */
export type LogHead = { readonly range: LogRange; readonly highest: bigint };

/** What peers tell each other of a log: how far they hold it, and the last batch of each branch of a forked log. */
export type TopHead = LogHead & { readonly branches: readonly BatchEnd[] };

/** What the mesh needs of the node's log store; `bindMeshLog` in src/node makes it from one. */
export type MeshLog = {
  readonly heads: () => readonly LogHead[];
  readonly headOf: (log: LogId) => LogHead;
  /**
   * Lists the last batch of each branch of a forked log, and the predecessors that batches name but that are not held.
   */
  readonly branches: (log: LogId) => Promise<Branches>;
  /** Lists the holes, then what is missing from `next` on; the last range is open. */
  readonly missing: (log: LogId) => Promise<readonly MissingRange[]>;
  readonly holds: (batch: Batch) => Promise<boolean>;
  readonly headerEndingAt: (params: {
    log: LogId;
    end: bigint;
    headerHash: Hex;
  }) => Promise<BatchHeader | undefined>;
  /** Stores a batch, on disk when it resolves. */
  readonly append: (batch: Batch) => Promise<{
    readonly kind: "stored" | "duplicate" | "pruned";
    /** The hashes of the headers that contradict the batch. */
    readonly conflicts?: readonly Hex[];
  }>;
  readonly readRange: (params: { log: LogId; from: bigint; maxBytes: number }) => Promise<LogPage>;
  readonly readBatch: (params: { log: LogId; end: bigint; headerHash: Hex }) => Promise<Batch | undefined>;
  readonly recordHole: (params: { log: LogId; first: bigint; end: bigint }) => Promise<boolean>;
};
