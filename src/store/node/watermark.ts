import { byTurns } from "../../wire/byTurns.ts";
import { toHex } from "../../wire/ids.ts";
import { MAX_VECTOR_LOGS } from "../../wire/limits.ts";
import type { LogRange } from "../../wire/logRange.ts";
import { keyOf, parseKey, rangeOf } from "../keys.ts";
import { nodeSchema } from "../schema.ts";
import { floorOf, type LogState, logRangeOf } from "./logState.ts";
import type { LogStore, StoreState } from "./logStore.ts";

/** A place among the arrivals of one database: before `offset`. */
export type Cursor = { readonly database: Uint8Array; readonly offset: bigint };

/**
 * How far this node held each log when its arrivals ended at the cursor; of very many logs, the newest of each node.
 */
export type Watermark = { readonly cursor: Cursor; readonly vector: readonly LogRange[] };

/** The shards whose logs matter; all by default. */
type Matters = { readonly shards?: ReadonlySet<number> | undefined };

/** Returns the present watermark. */
export function watermark(store: LogStore, { shards }: Matters = {}): Watermark {
  return currentWatermark({ store, state: store.state, shards });
}

/**
 * Returns the watermark when `offset` was the next arrival; leaves out logs that were empty or whose past is pruned.
 */
export async function watermarkAt(
  params: { store: LogStore; state: StoreState; offset: bigint } & Matters,
): Promise<Watermark> {
  const { store, state, offset } = params;
  if (offset >= state.nextOffset) return currentWatermark(params);
  const logs = namedLogs(params);
  const ranges = await Promise.all(logs.map((log) => rangeAt({ store, log, offset })));
  const vector = ranges.filter((range) => range !== undefined);
  return { cursor: { database: store.database.id, offset }, vector };
}

function currentWatermark(params: { store: LogStore; state: StoreState } & Matters): Watermark {
  const { store, state } = params;
  const cursor = { database: store.database.id, offset: state.nextOffset };
  return { cursor, vector: namedLogs(params).map(logRangeOf) };
}

function namedLogs({ state, shards }: { state: StoreState } & Matters): readonly LogState[] {
  const all = [...state.logs.values()].filter(({ log }) => shards?.has(log.shard) ?? true);
  return all.length <= MAX_VECTOR_LOGS ? all : byTurns(all, ({ log }) => log).slice(0, MAX_VECTOR_LOGS);
}

async function rangeAt(params: {
  store: LogStore;
  log: LogState;
  offset: bigint;
}): Promise<LogRange | undefined> {
  const { store, log, offset } = params;
  const record = nodeSchema.advance;
  const { gte } = rangeOf(record, log.log);
  const options = { gte, lte: keyOf(record, { ...log.log, offset }), reverse: true, limit: 1 };
  for await (const [key, value] of store.database.level.iterator(options)) {
    parseKey(record, key);
    const next = new DataView(value.buffer, value.byteOffset, value.length).getBigUint64(0);
    const head = value.subarray(8);
    const floor = floorOf(log);
    if (next < floor) return undefined;
    const headerHash = head.every((byte) => byte === 0) ? undefined : toHex(head);
    return { log: log.log, floor, next, headerHash };
  }
  return undefined;
}
