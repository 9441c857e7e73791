import { maximum } from "../../wire/bigintOrder.ts";
import { u64 } from "../../wire/bytes.ts";
import { toHex } from "../../wire/ids.ts";
import { type LogId, logName } from "../../wire/logRange.ts";
import { keyOf, parseKey, rangeOf } from "../keys.ts";
import { nodeSchema } from "../schema.ts";
import { del, put, type Write } from "../writeAtomic.ts";
import { advanceLog } from "./advanceLog.ts";
import { type BatchRecord, decodeBatchRecord, decodeBody, parseBatchKey } from "./batchRecord.ts";
import { floorOf, type LogState, putLogState, storedKinds } from "./logState.ts";
import { type LogStore, logStateOf, type Planned, type Staged } from "./logStore.ts";
import { prunedOffsets } from "./prunedOffsets.ts";
import { enqueue } from "./writer.ts";

/**
 * How many milliseconds envelopes are kept after their arrival, by topic kind; kinds that are not named stay for ever.
 */
export type Retention = Readonly<Partial<Record<(typeof storedKinds)[number], number>>>;

type Arrival = {
  readonly offset: bigint;
  readonly log: LogId;
  /** The sequence after the batch's last envelope. */
  readonly end: bigint;
  readonly batchKey: Uint8Array;
  readonly record: BatchRecord;
};
type Drop = Pick<Arrival, "offset" | "log" | "end" | "batchKey"> & {
  readonly hash: Uint8Array;
  readonly index: number;
};
type Step = { readonly done: boolean; readonly removed: number };

/** How many batches one write removes envelopes of. */
const STEP_BATCHES = 64;

/**
 * Removes envelopes that are older than their kind's retention. Afterwards, clients whose positions are before them are
 * answered `pruned`, and so are peers that ask for a log from before its floor. Returns the number of removed
 * envelopes. Throws as `enqueue` does.
 */
export async function pruneLogs(params: {
  store: LogStore;
  retention: Retention;
  now?: number;
  signal?: AbortSignal;
}): Promise<number> {
  const { store, retention, now = params.store.nowMs(), signal } = params;
  let removed = 0;
  for (const [kind, name] of storedKinds.entries()) {
    const keepMs = retention[name];
    if (keepMs === undefined) continue;
    for (let done = false; !done && signal?.aborted !== true; ) {
      const plan = (staged: Staged) => planStep({ store, staged, kind, before: now - keepMs });
      const step = await enqueue({ store, bytes: 0, plan });
      removed += step.removed;
      done = step.done;
    }
  }
  return removed;
}

async function planStep(params: {
  store: LogStore;
  staged: Staged;
  kind: number;
  before: number;
}): Promise<Planned<Step>> {
  const { store, staged, kind, before } = params;
  const pruned = await prunedOffsets(store.database);
  const arrivals = await arrivalsBefore({ store, from: pruned.get(kind) ?? 0n, before });
  const done = arrivals.length < STEP_BATCHES;
  const last = arrivals.at(-1);
  const unchanged = { batches: [], wake: [], state: staged.state, writes: [] };
  if (last === undefined) return { ...unchanged, outcome: { done, removed: 0 } };
  const after = new Map(pruned).set(kind, last.offset + BigInt(last.record.envelopes.length));
  const drops = arrivals.flatMap((arrival) => dropsOf(arrival, kind));
  const logs = await raiseFloors({ store, staged, kind, drops });
  const writes = [
    put(keyOf(nodeSchema.pruned, { kind }), u64(after.get(kind) ?? 0n)),
    ...(await envelopeDeletes(store, drops)),
    ...arrivals.filter((arrival) => isEmpty(arrival, after)).flatMap(batchDeletes),
    ...[...logs.values()].map(putLogState),
    ...(await advanceDeletes({ store, logs, before: last.offset })),
  ];
  const state = { ...staged.state, logs: new Map([...staged.state.logs, ...logs]) };
  return { ...unchanged, writes, state, isPruning: true, outcome: { done, removed: drops.length } };
}

async function arrivalsBefore(params: { store: LogStore; from: bigint; before: number }): Promise<Arrival[]> {
  const { store, from, before } = params;
  const { level } = store.database;
  const arrivals: Arrival[] = [];
  const range = { gte: keyOf(nodeSchema.arrival, { offset: from }), lt: rangeOf(nodeSchema.arrival, {}).lt };
  for await (const [key, value] of level.iterator(range)) {
    const arrivedAt = Number(new DataView(value.buffer, value.byteOffset, value.length).getBigUint64(0));
    const batchKey = value.subarray(8);
    const bytes = await level.get(batchKey);
    if (arrivedAt >= before || arrivals.length === STEP_BATCHES) break;
    if (bytes === undefined) continue;
    const record = decodeBatchRecord(bytes);
    const { log, first } = parseBatchKey(batchKey);
    const { offset } = parseKey(nodeSchema.arrival, key);
    arrivals.push({ offset, log, end: first + BigInt(record.envelopes.length), batchKey, record });
  }
  return arrivals;
}

function dropsOf(arrival: Arrival, kind: number): Drop[] {
  const { log, end, offset, batchKey } = arrival;
  return arrival.record.envelopes.flatMap(({ kind: other, hash }, index) =>
    other === kind ? [{ hash, index, offset: offset + BigInt(index), log, end, batchKey }] : [],
  );
}

/** Makes the deletes of envelopes; a body is removed with the last of its arrivals. */
async function envelopeDeletes(store: LogStore, drops: readonly Drop[]): Promise<Write[]> {
  const { level } = store.database;
  const byHash = Map.groupBy(drops, ({ hash }) => toHex(hash));
  const deletes: Write[] = [];
  for (const same of byHash.values()) {
    const [envelope] = same.map(({ hash }) => hash);
    if (envelope === undefined) continue;
    const key = keyOf(nodeSchema.body, { envelope });
    const body = await level.get(key);
    const receipts = await level.keys(rangeOf(nodeSchema.receipt, { envelope })).all();
    if (receipts.length <= same.length) deletes.push(del(key));
    for (const drop of same) {
      const { offset } = drop;
      deletes.push(del(keyOf(nodeSchema.receipt, { envelope, offset })));
      if (!body) continue;
      const { topic } = decodeBody(body);
      deletes.push(del(keyOf(nodeSchema.topicIndex, { topic, offset })), del(placeKey(topic, drop)));
    }
  }
  return deletes;
}

function placeKey(topic: Uint8Array, { batchKey, index }: Drop): Uint8Array {
  const { log, first, headerHash: header } = parseBatchKey(batchKey);
  return keyOf(nodeSchema.topicPlace, { topic, ...log, sequence: first + BigInt(index), header });
}

/** True if every envelope of the batch lies before its kind's pruned offset. */
function isEmpty(arrival: Arrival, pruned: ReadonlyMap<number, bigint>): boolean {
  return arrival.record.envelopes.every(({ kind }) => (pruned.get(kind) ?? 0n) > arrival.offset);
}

function batchDeletes({ batchKey, offset }: Arrival): Write[] {
  return [del(batchKey), del(keyOf(nodeSchema.arrival, { offset }))];
}

/**
 * Raises the logs' floors. A log whose `next` is before its floor goes on from the floor: the rest is no longer asked
 * for.
 */
async function raiseFloors(params: {
  store: LogStore;
  staged: Staged;
  kind: number;
  drops: readonly Drop[];
}): Promise<Map<string, LogState>> {
  const { store, staged, kind, drops } = params;
  const logs = new Map<string, LogState>();
  for (const same of Map.groupBy(drops, ({ log }) => logName(log)).values()) {
    const [log] = same.map((drop) => drop.log);
    if (log === undefined) continue;
    const before = logStateOf(staged.state, log);
    const floor = same.reduce((highest, { end }) => maximum(highest, end), before.floors[kind] ?? 0n);
    const state = { ...before, floors: before.floors.with(kind, floor) };
    const behind = floorOf(state) > state.next;
    const lifted = behind ? { ...state, next: floorOf(state), headerHash: undefined } : state;
    const { database } = store;
    const after = behind ? await advanceLog({ database, staged: staged.batches, state: lifted }) : lifted;
    logs.set(logName(log), after);
  }
  return logs;
}

/** Deletes the notes of how far the logs were held before `before`, but for each log's last: later cursors need it. */
async function advanceDeletes(params: {
  store: LogStore;
  logs: ReadonlyMap<string, LogState>;
  before: bigint;
}): Promise<Write[]> {
  const { store, logs, before } = params;
  const deletes: Write[] = [];
  for (const { log } of logs.values()) {
    const { gte } = rangeOf(nodeSchema.advance, log);
    const lt = keyOf(nodeSchema.advance, { ...log, offset: before });
    const keys = await store.database.level.keys({ gte, lt }).all();
    deletes.push(...keys.slice(0, -1).map(del));
  }
  return deletes;
}
