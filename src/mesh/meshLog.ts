import type { Batch } from "../wire/batch.ts";
import type { BatchHeader } from "../wire/batchHeader.ts";
import type { BatchEnd, Branches, LogPage, MissingRange } from "../wire/heldLog.ts";
import type { Hex } from "../wire/ids.ts";
import type { LogId, LogRange } from "../wire/logRange.ts";

/** How far a log is held; `highest` is the end of the highest batch, also behind a gap. */
export type LogHead = { readonly range: LogRange; readonly highest: bigint };

/** What peers tell each other of a log; a forked one has more than one branch. */
export type TopHead = LogHead & { readonly branches: readonly BatchEnd[] };

/** What the mesh needs of the node's log store; `bindMeshLog` in src/node makes it from one. */
export type MeshLog = {
  readonly heads: () => readonly LogHead[];
  readonly headOf: (log: LogId) => LogHead;
  /** Of a forked log: the last batch of each branch, and predecessors that are named but not held. */
  readonly branches: (log: LogId) => Promise<Branches>;
  /** Holes, then gaps from `next` on; the last one is open. */
  readonly missing: (log: LogId) => Promise<readonly MissingRange[]>;
  readonly holds: (batch: Batch) => Promise<boolean>;
  readonly headerEndingAt: (params: {
    log: LogId;
    end: bigint;
    headerHash: Hex;
  }) => Promise<BatchHeader | undefined>;
  /** On disk when it resolves. */
  readonly append: (batch: Batch) => Promise<{
    readonly kind: "stored" | "duplicate" | "pruned";
    /** Headers that contradict it. */
    readonly conflicts?: readonly Hex[];
  }>;
  readonly readRange: (params: { log: LogId; from: bigint; maxBytes: number }) => Promise<LogPage>;
  readonly readBatch: (params: { log: LogId; end: bigint; headerHash: Hex }) => Promise<Batch | undefined>;
  readonly recordHole: (params: { log: LogId; first: bigint; end: bigint }) => Promise<boolean>;
};
