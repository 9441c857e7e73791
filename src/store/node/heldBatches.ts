import type { Batch } from "../../wire/batch.ts";
import { batchHeaderHash } from "../../wire/batchHeader.ts";
import { ascending, maximum } from "../../wire/bigintOrder.ts";
import { MAX_BATCH_ENVELOPES } from "../../wire/limits.ts";
import { type LogId, logName } from "../../wire/logRange.ts";
import { keyOf, rangeOf } from "../keys.ts";
import type { Database } from "../openDatabase.ts";
import { nodeSchema } from "../schema.ts";
import { logOf, parseBatchKey, recordCount, recordPrevious } from "./batchRecord.ts";
import type { HeldBatch } from "./logStore.ts";

/** No batch that covers a sequence starts more than so many sequences before it. */
const LONGEST = BigInt(MAX_BATCH_ENVELOPES) - 1n;
const HIGH_WATER_MARK_BYTES = 1024 * 1024;

/**
 * Finds the batches, on disk or staged, that overlap the sequences [from, to), in order of their first sequence. `low`
 * spares reads: no batch on disk that starts before it overlaps them.
 */
export async function batchesWithin(params: {
  database: Database;
  staged: readonly HeldBatch[];
  log: LogId;
  from: bigint;
  to: bigint;
  low?: bigint;
}): Promise<HeldBatch[]> {
  const { database, log, from, to } = params;
  const within = ({ first, end }: HeldBatch): boolean => first < to && end > from;
  const found: HeldBatch[] = [];
  const low = maximum(params.low ?? 0n, from > LONGEST ? from - LONGEST : 0n);
  for await (const held of scan({ database, log, low, to })) if (within(held)) found.push(held);
  const name = logName(log);
  const staged = params.staged.filter((held) => logName(held.log) === name && within(held));
  return [...found, ...staged].sort((a, b) => ascending(a.first, b.first));
}

/** Yields the batches on disk whose first sequence is in [low, to), in its order, or in the reverse one. */
export async function* scan(params: {
  database: Database;
  log: LogId;
  low: bigint;
  to: bigint;
  reverse?: boolean;
  limit?: number;
}): AsyncGenerator<HeldBatch & { readonly record: Uint8Array }> {
  const { database, log, low, to, reverse = false, limit = -1 } = params;
  const range = {
    gte: keyAt(log, low),
    lt: to >= 2n ** 63n ? rangeOf(nodeSchema.batch, log).lt : keyAt(log, to),
  };
  const options = { ...range, reverse, limit, highWaterMarkBytes: HIGH_WATER_MARK_BYTES };
  for await (const [key, record] of database.level.iterator(options)) {
    const { first, headerHash } = parseBatchKey(key);
    const end = first + BigInt(recordCount(record));
    yield { log, headerHash, first, end, previous: recordPrevious(record), record };
  }
}

/** Returns the sequences that a batch covers, and its place in the log. */
export function heldBatchOf(batch: Batch): HeldBatch {
  const { firstSequence: first, count, previous } = batch.header;
  const headerHash = batchHeaderHash(batch.headerBytes);
  return { log: logOf(batch.header), first, end: first + BigInt(count), headerHash, previous };
}

function keyAt(log: LogId, first: bigint): Uint8Array {
  return keyOf(nodeSchema.batch, { ...log, first, header: new Uint8Array(32) });
}
