import { equalBytes } from "../../crypto/equalBytes.ts";
import { WeftError } from "../../errors.ts";
import { ascending, minimum } from "../../wire/bigintOrder.ts";
import { type Envelope, envelopeBytes } from "../../wire/envelope.ts";
import { asId, type EnvelopeHash, toHex } from "../../wire/ids.ts";
import { type LogRange, logName } from "../../wire/logRange.ts";
import type { Receipt } from "../../wire/receipt.ts";
import { shardOfTopic } from "../../wire/shards.ts";
import { keyOf, rangeOf } from "../keys.ts";
import { nodeSchema } from "../schema.ts";
import { decodeBody, decodePlace } from "./batchRecord.ts";
import { loadBatches } from "./loadBatches.ts";
import { kindNumber } from "./logState.ts";
import type { LogStore, StoreState } from "./logStore.ts";
import { prunedOffsets } from "./prunedOffsets.ts";
import { type Cursor, type Watermark, watermarkAt } from "./watermark.ts";

/**
 * What the asker has of a topic: all before `cursor` (of this database), and all that `vector` covers (of any node's
 * watermark). With neither of them, it has nothing.
 */
export type TopicPosition = {
  readonly topic: Uint8Array;
  readonly cursor?: Cursor | undefined;
  readonly vector?: readonly LogRange[] | undefined;
};

/** An envelope of a page. */
export type StoredEnvelope = {
  readonly envelope: Envelope;
  readonly hash: EnvelopeHash;
  /** One receipt for each of the envelope's arrivals in this page. */
  readonly receipts: readonly Receipt[];
  /** The offset of its first arrival in this page. */
  readonly offset: bigint;
};

/** The answer to a query of topics. */
export type QueryOutcome =
  | {
      readonly kind: "page";
      /** The envelopes in the order of their offsets. */
      readonly envelopes: readonly StoredEnvelope[];
      /** The asker's next position: up to its cursor, all topics that it asked for are read. */
      readonly watermark: Watermark;
      readonly more: boolean;
    }
  /** This node no longer has all of these topics after the asker's position: the asker has to begin from the start. */
  | { readonly kind: "pruned"; readonly topics: readonly Uint8Array[] };

/** An arrival; `place` is still encoded, because a page reads more of the index than it needs. */
type Arrival = { readonly offset: bigint; readonly place: Uint8Array };

/**
 * A page reads as many index records as could fill it, in equal parts of its topics. These are the fewest and the most
 * that it reads of one topic.
 */
const LEAST_RECORDS_PER_TOPIC = 16;
const MOST_RECORDS_PER_TOPIC = 256;
/** How many arrivals' batches and bodies are loaded at once. */
const LOAD_CHUNK = 64;
/** About how many bytes a receipt takes in a page. */
const RECEIPT_BYTES = 800;

/**
 * Reads a page of the envelopes of some topics, in the order of their arrival, of about `maxBytes` (at least one
 * envelope). Throws `bad-cursor` for a cursor of another database or after the end.
 */
export async function queryTopics(params: {
  store: LogStore;
  positions: readonly TopicPosition[];
  maxBytes: number;
}): Promise<QueryOutcome> {
  const { store, positions, maxBytes } = params;
  const { state } = store;
  const pruned = await prunedPositions({ store, state, positions });
  if (pruned.length > 0) return { kind: "pruned", topics: pruned.map(({ topic }) => topic) };
  const share = Math.ceil((2 * maxBytes) / RECEIPT_BYTES / Math.max(1, positions.length));
  const limit = Math.min(MOST_RECORDS_PER_TOPIC, Math.max(LEAST_RECORDS_PER_TOPIC, share));
  const runs = await Promise.all(positions.map((position) => readIndex({ store, state, position, limit })));
  const horizon = runs.reduce((least, run) => minimum(least, run.readTo), state.nextOffset);
  const arrivals = runs
    .flatMap((run) => run.arrivals.filter(({ offset }) => offset < horizon))
    .sort((a, b) => ascending(a.offset, b.offset));
  const page = await fillPage({ store, arrivals, maxBytes, horizon });
  const shards = new Set(positions.map(({ topic }) => shardIn(store, topic)));
  const watermark = await watermarkAt({ store, state, offset: page.readTo, shards });
  return { kind: "page", envelopes: page.envelopes, watermark, more: page.readTo < state.nextOffset };
}

/** Lists arrivals of one topic that the asker lacks; all before `readTo` are among them. */
async function readIndex(params: {
  store: LogStore;
  state: StoreState;
  position: TopicPosition;
  limit: number;
}): Promise<{ arrivals: Arrival[]; readTo: bigint }> {
  const { store, state, position, limit } = params;
  const { topic, cursor, vector } = position;
  const record = nodeSchema.topicIndex;
  const first = cursor?.offset ?? 0n;
  const range = { gte: keyOf(record, { topic, offset: first }), lt: rangeOf(record, { topic }).lt };
  const entries = await store.database.level.iterator({ ...range, limit }).all();
  const arrivals = entries
    .map(([key, place]) => ({ offset: offsetOf(key), place }))
    .filter(({ offset }) => offset < state.nextOffset);
  const last = arrivals.at(-1);
  const readTo = entries.length < limit || last === undefined ? state.nextOffset : last.offset + 1n;
  if (vector === undefined) return { arrivals, readTo };
  const held = heldUpTo(vector);
  const lacks = (arrival: Arrival): boolean => {
    const { log, first, index } = decodePlace(arrival.place);
    return first + BigInt(index) >= (held.get(logName(log)) ?? 0n);
  };
  return { arrivals: arrivals.filter(lacks), readTo };
}

/** Returns the last field of an index key. */
function offsetOf(key: Uint8Array): bigint {
  return new DataView(key.buffer, key.byteOffset, key.length).getBigUint64(key.length - 8);
}

async function fillPage(params: {
  store: LogStore;
  arrivals: readonly Arrival[];
  maxBytes: number;
  horizon: bigint;
}): Promise<{ envelopes: StoredEnvelope[]; readTo: bigint }> {
  const { store, arrivals, maxBytes, horizon } = params;
  const page = new Map<EnvelopeHash, StoredEnvelope>();
  let bytes = 0;
  for (let at = 0; at < arrivals.length; at += LOAD_CHUNK) {
    for (const found of await loadArrivals(store, arrivals.slice(at, at + LOAD_CHUNK))) {
      const known = page.get(found.hash);
      const size = RECEIPT_BYTES + (known ? 0 : envelopeBytes(found.envelope));
      if (page.size > 0 && bytes + size > maxBytes) {
        return { envelopes: [...page.values()], readTo: found.offset };
      }
      bytes += size;
      const merged = known && { ...known, receipts: [...known.receipts, ...found.receipts] };
      page.set(found.hash, merged ?? found);
    }
  }
  return { envelopes: [...page.values()], readTo: horizon };
}

/** Loads the envelopes of arrivals; leaves out what was pruned since the index was read. */
async function loadArrivals(store: LogStore, arrivals: readonly Arrival[]): Promise<StoredEnvelope[]> {
  const { database } = store;
  const placed = arrivals.map(({ offset, place }) => ({ offset, place: decodePlace(place) }));
  const places = placed.map(({ place }) => place);
  const batches = await loadBatches(database, places);
  const found = placed.flatMap(({ offset, place }) => {
    const batch = batches.get(toHex(place.batchKey));
    const hash = batch?.record.envelopes[place.index]?.hash;
    const receipt = batch?.receipts()[place.index];
    return hash && receipt ? [{ offset, hash, receipt }] : [];
  });
  const bodies = await database.level.getMany(
    found.map(({ hash }) => keyOf(nodeSchema.body, { envelope: hash })),
  );
  return found.flatMap(({ offset, hash, receipt }, i) => {
    const body = bodies[i];
    if (body === undefined) return [];
    return [{ envelope: decodeBody(body), hash: asId<EnvelopeHash>(hash), receipts: [receipt], offset }];
  });
}

async function prunedPositions(params: {
  store: LogStore;
  state: StoreState;
  positions: readonly TopicPosition[];
}): Promise<TopicPosition[]> {
  const { store, state, positions } = params;
  const offsets = await prunedOffsets(store.database);
  return positions.filter(({ topic, cursor, vector }) => {
    const kind = kindNumber(topic);
    if (cursor !== undefined) {
      checkCursor({ store, state, cursor });
      return cursor.offset < (offsets.get(kind) ?? 0n);
    }
    if (vector === undefined) return false;
    const held = heldUpTo(vector);
    const shard = shardIn(store, topic);
    return [...state.logs].some(
      ([name, { log, floors }]) => log.shard === shard && (held.get(name) ?? 0n) < (floors[kind] ?? 0n),
    );
  });
}

function shardIn({ database }: LogStore, topic: Uint8Array): number {
  return shardOfTopic({ topic, shards: database.network.shards });
}

function heldUpTo(vector: readonly LogRange[]): Map<string, bigint> {
  return new Map(vector.map((range) => [logName(range.log), range.next]));
}

function checkCursor(params: { store: LogStore; state: StoreState; cursor: Cursor }): void {
  const { store, state, cursor } = params;
  if (!equalBytes(cursor.database, store.database.id)) {
    throw new WeftError({ code: "bad-cursor", message: "the cursor is of another node's database" });
  }
  if (cursor.offset > state.nextOffset) {
    throw new WeftError({
      code: "bad-cursor",
      message: `the cursor is beyond the end (${state.nextOffset})`,
    });
  }
}
