import { concatBytes } from "../../crypto/concatBytes.ts";
import { maximum } from "../../wire/bigintOrder.ts";
import { u64 } from "../../wire/bytes.ts";
import { asId, type NodeId } from "../../wire/ids.ts";
import type { LogId } from "../../wire/logRange.ts";
import { keyOf, parseKey, rangeOf } from "../keys.ts";
import type { Database } from "../openDatabase.ts";
import { nodeSchema } from "../schema.ts";
import { del, put, type Write } from "../writeAtomic.ts";
import { advanceLog } from "./advanceLog.ts";
import { putAdvance, putLogState } from "./logState.ts";
import type { HeldBatch, LogStore, Planned, Staged } from "./logStore.ts";
import { logStateOf, withLog } from "./logStore.ts";
import { enqueue } from "./writer.ts";

/** The sequences [first, end) of a log that no peer could give; the log goes on after them. */
export type Hole = {
  readonly log: LogId;
  readonly first: bigint;
  readonly end: bigint;
  /** When the hole was recorded, in milliseconds since 1970. */
  readonly recordedAt: number;
};

/**
 * Records [first, end) as a hole and moves the log on; false if `first` is no longer its `next`. Throws as `enqueue`.
 */
export function recordHole(params: {
  store: LogStore;
  log: LogId;
  first: bigint;
  end: bigint;
  now?: number;
}): Promise<boolean> {
  const { store, log, first, end, now = params.store.nowMs() } = params;
  const plan = async (staged: Staged): Promise<Planned<boolean>> => {
    const before = logStateOf(staged.state, log);
    if (before.next !== first || end <= first) {
      return { outcome: false, writes: [], state: staged.state, batches: [], wake: [] };
    }
    const highest = maximum(before.highest, end);
    const behind = { ...before, next: end, highest, headerHash: undefined };
    const after = await advanceLog({ database: store.database, staged: staged.batches, state: behind });
    const writes = [
      putHole({ log, first, end, recordedAt: now }),
      putLogState(after),
      putAdvance(after, staged.state.nextOffset),
    ];
    return { outcome: true, writes, state: withLog(staged.state, after), batches: [], wake: [] };
  };
  return enqueue({ store, bytes: 0, plan });
}

/** Lists the holes that are still open, of one log or of all. */
export async function listHoles(store: LogStore, log?: LogId): Promise<Hole[]> {
  return holesOf(store.database, rangeOf(nodeSchema.hole, log ?? {}));
}

/** Makes the writes by which holes lose the sequences that a late batch covers. */
export async function fillHoles(database: Database, batch: HeldBatch): Promise<Write[]> {
  const holes = await holesOf(database, rangeOf(nodeSchema.hole, batch.log));
  return holes
    .filter(({ first, end }) => first < batch.end && batch.first < end)
    .flatMap((hole) => [
      del(keyOf(nodeSchema.hole, { ...hole.log, first: hole.first })),
      ...(hole.first < batch.first ? [putHole({ ...hole, end: batch.first })] : []),
      ...(batch.end < hole.end ? [putHole({ ...hole, first: batch.end })] : []),
    ]);
}

async function holesOf(database: Database, range: { gte: Uint8Array; lt: Uint8Array }): Promise<Hole[]> {
  const holes: Hole[] = [];
  for await (const [key, value] of database.level.iterator(range)) {
    const { node, generation, shard, first } = parseKey(nodeSchema.hole, key);
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    const log = { node: asId<NodeId>(node), generation, shard };
    holes.push({ log, first, end: view.getBigUint64(0), recordedAt: Number(view.getBigUint64(8)) });
  }
  return holes;
}

function putHole({ log, first, end, recordedAt }: Hole): Write {
  return put(keyOf(nodeSchema.hole, { ...log, first }), concatBytes(u64(end), u64(recordedAt)));
}
