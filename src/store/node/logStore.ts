import type { WeftError } from "../../errors.ts";
import type { Branches } from "../../wire/heldLog.ts";
import type { Hex } from "../../wire/ids.ts";
import { type LogId, type LogRange, logName } from "../../wire/logRange.ts";
import type { Database } from "../openDatabase.ts";
import type { SumCache } from "../topicSums.ts";
import type { Write } from "../writeAtomic.ts";
import { emptyLog, type LogState, logRangeOf } from "./logState.ts";
import type { TopicWatches } from "./watchTopics.ts";

/** This node's store of all nodes' logs, indexed by topic. A database has one, see `openLogStore`. */
export type LogStore = {
  readonly database: Database;
  readonly watches: TopicWatches;
  readonly writer: Writer;
  readonly sums: SumCache;
  /** The branches of forked logs, by the state of the log in which they were found. */
  readonly branches: WeakMap<LogState, Branches>;
  /** The network's time, in milliseconds since 1970: arrivals are noted, and pruned, by it. */
  readonly nowMs: () => number;
  /** Told of a fault, and with undefined when it is over. */
  readonly faultListeners: Set<(fault: WeftError | undefined) => void>;
  /** What is on disk, as one immutable value that the writer replaces after each synced write. */
  state: StoreState;
};

/** The state of every log, by its name (`logName`). */
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
  /** Why nothing can be written; undefined if it can. */
  fault: WeftError | undefined;
  /** Resolves when the database is open again; undefined unless it is being mended. */
  mending: Promise<void> | undefined;
  /** The present attempt to open it again, or the last one. */
  attempt: Promise<void>;
};

/** A queued change of the store: its size, how it is planned on what the changes before it leave, and how it fails. */
export type Job = {
  readonly bytes: number;
  readonly stage: (staged: Staged) => Promise<StagedJob>;
  readonly reject: (error: unknown) => void;
};

/** A planned change, and the call that resolves its promise once it is on disk. */
export type StagedJob = { readonly planned: Planned<unknown>; readonly resolve: () => void };

/** The state and the new batches as they will be once the writes that are planned so far are on disk. */
export type Staged = { readonly state: StoreState; readonly batches: readonly HeldBatch[] };

/** What one job wants to write, and the state that follows. */
export type Planned<Outcome> = {
  readonly outcome: Outcome;
  readonly writes: readonly Write[];
  readonly state: StoreState;
  readonly batches: readonly HeldBatch[];
  /** True if the job removes envelopes. */
  readonly isPruning?: boolean;
  /** The topics whose watches are woken. */
  readonly wake: readonly Uint8Array[];
};

/** A batch that is held, by the sequences that it covers: [first, end). */
export type HeldBatch = {
  readonly log: LogId;
  readonly headerHash: Hex;
  readonly first: bigint;
  readonly end: bigint;
  /** The hash that the batch's header names as the header before it. */
  readonly previous: Hex;
};

/** Returns a log's state: an empty one if nothing of the log is held. */
export function logStateOf(state: StoreState, log: LogId): LogState {
  return state.logs.get(logName(log)) ?? emptyLog(log);
}

export function withLog(state: StoreState, log: LogState): StoreState {
  return { ...state, logs: new Map(state.logs).set(logName(log.log), log) };
}

/** Lists how far each log of the store is held. */
export function logHeads(store: LogStore): LogRange[] {
  return [...store.state.logs.values()].map(logRangeOf);
}
