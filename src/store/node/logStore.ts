import type { WeftError } from "../../errors.ts";
import type { Branches } from "../../wire/heldLog.ts";
import type { Hex } from "../../wire/ids.ts";
import { type LogId, type LogRange, logName } from "../../wire/logRange.ts";
import type { Database } from "../openDatabase.ts";
import type { SumCache } from "../topicSums.ts";
import type { Write } from "../writeAtomic.ts";
import { emptyLog, type LogState, logRangeOf } from "./logState.ts";
import type { TopicWatches } from "./watchTopics.ts";

/** A node's log store: all nodes' logs, indexed by topic. One per database, see `openLogStore`. */
export type LogStore = {
  readonly database: Database;
  readonly watches: TopicWatches;
  readonly writer: Writer;
  readonly sums: SumCache;
  /** The branches of forked logs, by the state of the log in which they were found. */
  readonly branches: WeakMap<LogState, Branches>;
  /** What time it is for the network, milliseconds since 1970: arrivals are kept, and pruned, by it. */
  readonly nowMs: () => number;
  /** Hear of a fault, and when it is over. */
  readonly faultListeners: Set<(fault: WeftError | undefined) => void>;
  /** What is on disk, as one value: replaced by the writer after each synced write. */
  state: StoreState;
};

export type StoreState = {
  readonly logs: ReadonlyMap<string, LogState>;
  /** The arrival offset that the next envelope gets. */
  readonly nextOffset: bigint;
};

/** The one queue of writes, see writer.ts. */
type Writer = {
  readonly jobs: Job[];
  queuedBytes: number;
  draining: boolean;
  /** Why nothing can be read or written; undefined: it can. */
  fault: WeftError | undefined;
  /** Until the database is open again. */
  mending: Promise<void> | undefined;
  /** The present try of it, or the last one. */
  attempt: Promise<void>;
};

export type Job = {
  readonly bytes: number;
  readonly stage: (staged: Staged) => Promise<StagedJob>;
  readonly reject: (error: unknown) => void;
};

export type StagedJob = { readonly planned: Planned<unknown>; readonly resolve: () => void };

/** State and batches as they will be once the writes planned so far are on disk. */
export type Staged = { readonly state: StoreState; readonly batches: readonly HeldBatch[] };

/** What one job wants written, and what is then true. */
export type Planned<Outcome> = {
  readonly outcome: Outcome;
  readonly writes: readonly Write[];
  readonly state: StoreState;
  readonly batches: readonly HeldBatch[];
  /** It takes envelopes away. */
  readonly isPruning?: boolean;
  /** Topics whose watches are woken. */
  readonly wake: readonly Uint8Array[];
};

/** Which sequences a batch covers: [first, end). */
export type HeldBatch = {
  readonly log: LogId;
  readonly headerHash: Hex;
  readonly first: bigint;
  readonly end: bigint;
  /** The header that it names as the one before it. */
  readonly previous: Hex;
};

export function logStateOf(state: StoreState, log: LogId): LogState {
  return state.logs.get(logName(log)) ?? emptyLog(log);
}

export function withLog(state: StoreState, log: LogState): StoreState {
  return { ...state, logs: new Map(state.logs).set(logName(log.log), log) };
}

/** Every log of the store with floor, next and head. */
export function logHeads(store: LogStore): LogRange[] {
  return [...store.state.logs.values()].map(logRangeOf);
}
