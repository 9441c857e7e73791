import { wallMs } from "../../clock/wallMs.ts";
import { maximum } from "../../wire/bigintOrder.ts";
import { logName } from "../../wire/logRange.ts";
import { parseKey, rangeOf } from "../keys.ts";
import type { Database } from "../openDatabase.ts";
import { nodeSchema } from "../schema.ts";
import { createSumCache, forgetSums } from "../topicSums.ts";
import { recordCount } from "./batchRecord.ts";
import { type LogState, readLogState } from "./logState.ts";
import type { LogStore, StoreState } from "./logStore.ts";
import { prunedOffsets } from "./prunedOffsets.ts";
import { openTopicWatches } from "./watchTopics.ts";

/** Opens the log store of a database. Throws as reads do. */
export async function openLogStore(params: {
  database: Database;
  /** The network's time, in milliseconds since 1970; by default the wall clock. */
  nowMs?: () => number;
}): Promise<LogStore> {
  const { database, nowMs = wallMs } = params;
  const writer = { jobs: [], queuedBytes: 0, draining: false, fault: undefined, mending: undefined };
  const store: LogStore = {
    database,
    watches: openTopicWatches(),
    writer: { ...writer, attempt: Promise.resolve() },
    sums: createSumCache(),
    branches: new WeakMap(),
    nowMs,
    faultListeners: new Set(),
    state: await loadState(database),
  };
  database.onReopen.add(async () => {
    store.state = await loadState(database);
    forgetSums(store.sums);
  });
  return store;
}

/** Reads the state from disk, at the start and whenever the database was opened again. */
async function loadState(database: Database): Promise<StoreState> {
  const logs = new Map<string, LogState>();
  for await (const [key, value] of database.level.iterator(rangeOf(nodeSchema.log, {}))) {
    const state = readLogState(key, value);
    logs.set(logName(state.log), state);
  }
  return { logs, nextOffset: await nextOffset(database) };
}

/** Returns the offset after the last arrival and after all that was pruned: no offset is given out twice. */
async function nextOffset(database: Database): Promise<bigint> {
  let offset = 0n;
  const last = database.level.iterator({ ...rangeOf(nodeSchema.arrival, {}), reverse: true, limit: 1 });
  for await (const [key, value] of last) {
    const batch = await database.level.get(value.subarray(8));
    offset = parseKey(nodeSchema.arrival, key).offset + BigInt(batch === undefined ? 1 : recordCount(batch));
  }
  const pruned = await prunedOffsets(database);
  return [...pruned.values()].reduce(maximum, offset);
}
