import type { Batch } from "../../wire/batch.ts";
import type { BatchHeader } from "../../wire/batchHeader.ts";
import { maximum } from "../../wire/bigintOrder.ts";
import { envelopeBytes } from "../../wire/envelope.ts";
import type { LogPage } from "../../wire/heldLog.ts";
import type { Hex } from "../../wire/ids.ts";
import { MAX_BATCH_ENVELOPES, MAX_SYNC_PAGE_BYTES } from "../../wire/limits.ts";
import type { LogId } from "../../wire/logRange.ts";
import { rangeOf } from "../keys.ts";
import { nodeSchema } from "../schema.ts";
import { decodeBatchRecord, recordHeader } from "./batchRecord.ts";
import { scan } from "./heldBatches.ts";
import { loadWhole } from "./loadBatches.ts";
import { floorOf } from "./logState.ts";
import { type LogStore, logStateOf } from "./logStore.ts";

const LONGEST = BigInt(MAX_BATCH_ENVELOPES) - 1n;
const END = 2n ** 63n;
const BATCH_FRAMING_BYTES = 512;

/** Reads a page of a log for peers: batches of at most `maxBytes`, or 512 KiB, together, but at least one. */
export async function readLogRange(params: {
  store: LogStore;
  log: LogId;
  from: bigint;
  maxBytes: number;
}): Promise<LogPage> {
  const { store, log, from } = params;
  const state = logStateOf(store.state, log);
  const floor = floorOf(state);
  if (from < floor) return { kind: "pruned", floor };
  const maxBytes = Math.min(params.maxBytes, MAX_SYNC_PAGE_BYTES);
  const exact = !state.conflicted && (await startsAt({ store, log, from }));
  const low = exact ? from : maximum(floor, from - LONGEST);
  const batches: Batch[] = [];
  let covered = from;
  let bytes = 0;
  for await (const { first, end, record } of scan({ database: store.database, log, low, to: END })) {
    if (end <= from) continue;
    if (first > covered) return batches.length > 0 ? page(batches) : { kind: "absent", availableFrom: first };
    const batch = await loadWhole(store.database, decodeBatchRecord(record));
    if (batch === undefined) return { kind: "pruned", floor: end };
    bytes += sizeOf(batch);
    if (batches.length > 0 && bytes > maxBytes) return page(batches);
    batches.push(batch);
    covered = maximum(covered, end);
  }
  return batches.length > 0 ? page(batches) : { kind: "absent", availableFrom: undefined };
}

/** Reads the batch that ends at `end` and whose header has this hash; undefined if it is not held as a whole. */
export async function readBatchByHeader(params: {
  store: LogStore;
  log: LogId;
  end: bigint;
  headerHash: Hex;
}): Promise<Batch | undefined> {
  const { store, log, end, headerHash } = params;
  const { database } = store;
  for await (const held of scan({ database, log, low: maximum(0n, end - LONGEST - 1n), to: end })) {
    if (held.headerHash === headerHash) return loadWhole(database, decodeBatchRecord(held.record));
  }
  return undefined;
}

/** Returns the header with this hash, whose batch ends at `end`; undefined if it is not held. */
export async function headerEndingAt(params: {
  store: LogStore;
  log: LogId;
  end: bigint;
  headerHash: Hex;
}): Promise<BatchHeader | undefined> {
  const { store, log, end, headerHash } = params;
  const limit = logStateOf(store.state, log).conflicted ? -1 : 1;
  const range = { low: maximum(0n, end - LONGEST - 1n), to: end, reverse: true, limit };
  for await (const held of scan({ database: store.database, log, ...range })) {
    if (held.headerHash === headerHash) return recordHeader(held.record);
  }
  return undefined;
}

async function startsAt(params: { store: LogStore; log: LogId; from: bigint }): Promise<boolean> {
  const { store, log, from } = params;
  const range = rangeOf(nodeSchema.batch, { ...log, first: from });
  return (await store.database.level.keys({ ...range, limit: 1 }).all()).length > 0;
}

function page(batches: readonly Batch[]): LogPage {
  return { kind: "page", batches };
}

function sizeOf(batch: Batch): number {
  return batch.envelopes.reduce((sum, envelope) => sum + envelopeBytes(envelope) + 16, BATCH_FRAMING_BYTES);
}
