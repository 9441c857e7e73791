import { concatBytes } from "../../crypto/concatBytes.ts";
import { WeftError } from "../../errors.ts";
import type { Batch } from "../../wire/batch.ts";
import { maximum } from "../../wire/bigintOrder.ts";
import { u64 } from "../../wire/bytes.ts";
import { envelopeBytes } from "../../wire/envelope.ts";
import type { Hex } from "../../wire/ids.ts";
import { keyOf } from "../keys.ts";
import { nodeSchema } from "../schema.ts";
import { put, type Write } from "../writeAtomic.ts";
import { advanceLog, follow } from "./advanceLog.ts";
import { batchKey, encodeBatchRecord, encodeBody, encodePlace, envelopeHashes } from "./batchRecord.ts";
import { batchesWithin, heldBatchOf } from "./heldBatches.ts";
import { fillHoles } from "./holes.ts";
import { floorOf, type LogState, putAdvance, putLogState } from "./logState.ts";
import { type HeldBatch, type LogStore, logStateOf, type Planned, type Staged, withLog } from "./logStore.ts";
import { enqueue } from "./writer.ts";

/** What became of a batch that was to be stored. */
export type AppendOutcome =
  | {
      readonly kind: "stored";
      /** The arrival offset of the first envelope. */
      readonly offset: bigint;
      /** The log's new `next`: it is held up to there. */
      readonly next: bigint;
      /** The header hashes of the batches that contradict this one: they cover some of the same sequences. */
      readonly conflicts: readonly Hex[];
    }
  | { readonly kind: "duplicate" }
  /** The batch is before the log's floor: this node no longer keeps it. */
  | { readonly kind: "pruned"; readonly floor: bigint };

type Append = { store: LogStore; batch: Batch; now?: number };

const ZERO_HASH: Hex = `0x${"00".repeat(32)}`;

/**
 * Stores this node's own next batch, on disk when it resolves: before anything is acknowledged or gossiped. The same
 * bytes may come again, as after a failed write. Throws `internal` if the batch does not follow the log's head; else as
 * `enqueue` does.
 */
export async function appendOwnBatch(params: Append): Promise<void> {
  const { firstSequence, previous } = params.batch.header;
  await append(params, (log) => {
    const follows = firstSequence === log.next && previous === (log.headerHash ?? ZERO_HASH);
    if (follows && log.highest === log.next && !log.conflicted) return;
    const message = `own batch at ${firstSequence} does not follow the log's head at ${log.next}`;
    throw new WeftError({ code: "internal", message });
  });
}

/** Stores a verified batch of any node's log, in any order; on disk when it resolves. Throws as `enqueue` does. */
export function appendPeerBatch(params: Append): Promise<AppendOutcome> {
  return append(params, () => undefined);
}

/** True if this batch is on disk. */
export function holdsBatch(params: { store: LogStore; batch: Batch }): Promise<boolean> {
  return params.store.database.level.has(batchKey(params.batch));
}

function append(params: Append, check: (log: LogState) => void): Promise<AppendOutcome> {
  const { store, batch, now = params.store.nowMs() } = params;
  const bytes = batch.envelopes.reduce((sum, envelope) => sum + envelopeBytes(envelope), 0);
  const held = heldBatchOf(batch);
  const unchanged = (staged: Staged, outcome: AppendOutcome): Planned<AppendOutcome> => {
    return { outcome, writes: [], state: staged.state, batches: [], wake: [] };
  };
  const plan = async (staged: Staged): Promise<Planned<AppendOutcome>> => {
    if (await isHeld({ store, staged, batch, held })) return unchanged(staged, { kind: "duplicate" });
    const log = logStateOf(staged.state, held.log);
    const floor = floorOf(log);
    if (held.first < floor) return unchanged(staged, { kind: "pruned", floor });
    check(log);
    return planAppend({ store, staged, batch, held, log, now });
  };
  return enqueue({ store, bytes, plan });
}

async function planAppend(params: {
  store: LogStore;
  staged: Staged;
  batch: Batch;
  held: HeldBatch;
  log: LogState;
  now: number;
}): Promise<Planned<AppendOutcome>> {
  const { store, staged, batch, held, log } = params;
  const { database } = store;
  const offset = staged.state.nextOffset;
  const rivals = await findRivals(params);
  const batches = [...staged.batches, held];
  const conflicted = log.conflicted || rivals.length > 0;
  const highest = maximum(log.highest, held.end);
  const before: LogState = { ...log, conflicted, highest };
  const covers = held.first <= log.next && log.next < held.end;
  const state = covers ? follow(before, held) : before;
  const after = await advanceLog({ database, staged: batches, state });
  const nextOffset = offset + BigInt(batch.envelopes.length);
  const writes = [
    ...batchWrites({ ...params, offset }),
    ...rivals.map((rival) => putConflict({ held, rival, now: params.now })),
    ...(held.first < log.next ? await fillHoles(database, held) : []),
    putLogState(after),
    ...(after.next > log.next ? [putAdvance(after, nextOffset)] : []),
  ];
  return {
    outcome: { kind: "stored", offset, next: after.next, conflicts: rivals.map((rival) => rival.headerHash) },
    writes,
    state: { ...withLog(staged.state, after), nextOffset },
    batches: [held],
    wake: batch.envelopes.map((envelope) => envelope.topic),
  };
}

async function isHeld(params: {
  store: LogStore;
  staged: Staged;
  batch: Batch;
  held: HeldBatch;
}): Promise<boolean> {
  const { store, staged, batch, held } = params;
  if (staged.batches.some(({ headerHash }) => headerHash === held.headerHash)) return true;
  return store.database.level.has(batchKey(batch));
}

/** Finds the batches that overlap one. Without a fork, no batch that starts before `next` reaches beyond it. */
async function findRivals(params: {
  store: LogStore;
  staged: Staged;
  held: HeldBatch;
  log: LogState;
}): Promise<HeldBatch[]> {
  const { store, staged, held, log } = params;
  const low = !log.conflicted && held.first >= log.next ? log.next : 0n;
  return batchesWithin({
    database: store.database,
    staged: staged.batches,
    log: held.log,
    from: held.first,
    to: held.end,
    low,
  });
}

function batchWrites(params: { batch: Batch; offset: bigint; now: number }): Write[] {
  const { batch, offset, now } = params;
  const hashes = envelopeHashes(batch.envelopes);
  const key = batchKey(batch);
  const { log, first, headerHash: header } = heldBatchOf(batch);
  const envelopes = batch.envelopes.flatMap((envelope, index) => {
    const hash = hashes[index] ?? new Uint8Array();
    const place = encodePlace(key, index);
    const at = offset + BigInt(index);
    return [
      put(keyOf(nodeSchema.body, { envelope: hash }), encodeBody(envelope)),
      put(keyOf(nodeSchema.topicIndex, { topic: envelope.topic, offset: at }), place),
      put(keyOf(nodeSchema.receipt, { envelope: hash, offset: at }), place),
      put(
        keyOf(nodeSchema.topicPlace, {
          ...{ topic: envelope.topic, ...log, sequence: first + BigInt(index), header },
        }),
        hash,
      ),
    ];
  });
  return [
    put(key, encodeBatchRecord(batch, hashes)),
    put(keyOf(nodeSchema.arrival, { offset }), concatBytes(u64(now), key)),
    ...envelopes,
  ];
}

function putConflict(params: { held: HeldBatch; rival: HeldBatch; now: number }): Write {
  const { held, rival, now } = params;
  const [header, other] = [held.headerHash, rival.headerHash].sort();
  const pair = { header: header ?? held.headerHash, rival: other ?? rival.headerHash };
  return put(keyOf(nodeSchema.conflict, { ...held.log, ...pair }), u64(now));
}
