import { asId, type NodeId, toHex } from "../wire/ids.ts";
import type { LogId } from "../wire/logRange.ts";
import { EMPTY_SUM, type TopicSum, withElement, withoutSum } from "../wire/topicDigest.ts";
import { keyOf, parseKey, rangeOf } from "./keys.ts";
import type { Database } from "./openDatabase.ts";
import type { nodeSchema } from "./schema.ts";

/**
 * Envelopes of a topic by their places in logs: what a node holds, or what a client has read. Their sums are made when
 * they are asked for; those of every PREFIX_ROWS rows stay in memory, so that the next question walks no further.
 */
export type TopicPlaces = {
  readonly database: Database;
  readonly record: PlaceRecord;
  readonly cache: SumCache;
};

/** The value is the envelope's hash. */
export type PlaceRecord = Pick<(typeof nodeSchema)["topicPlace"], "key"> & {
  readonly prefix: number;
  readonly value: string;
  readonly writer: string;
};

/** Replaces nothing on disk: may be dropped at any time. */
export type SumCache = {
  readonly prefixes: Map<string, readonly Prefix[]>;
  size: number;
  /** Goes up when places of the past came or went: what is being computed then is void. */
  changes: number;
};

/** All rows of a topic and log before `sequence`. */
type Prefix = { readonly sequence: bigint; readonly sum: TopicSum };

const PREFIX_ROWS = 256;
/** About 300 bytes each. */
const MAX_PREFIXES = 16_384;
const START: Prefix = { sequence: 0n, sum: EMPTY_SUM };

export function createSumCache(): SumCache {
  return { prefixes: new Map(), size: 0, changes: 0 };
}

/** Places before the end of a log came or went. */
export function forgetSums(cache: SumCache): void {
  cache.prefixes.clear();
  cache.size = 0;
  cache.changes++;
}

/** A place came in that may lie before what is remembered of its topic and log. */
export function forgetSumsBehind(params: {
  places: Pick<TopicPlaces, "record" | "cache">;
  topic: Uint8Array;
  log: LogId;
  sequence: bigint;
}): void {
  const { places, topic, log } = params;
  const { record, cache } = places;
  cache.changes++;
  const name = nameOf(record, topic, log);
  const known = cache.prefixes.get(name);
  if (!known) return;
  const kept = known.filter(({ sequence }) => sequence <= params.sequence);
  cache.size -= known.length - kept.length;
  cache.prefixes.set(name, kept);
}

/**
 * What the sequences [from, to) of a log hold of a topic. It walks at most about `maxRows` rows; `to` of the answer says
 * how far that led, and the next question goes on from there.
 */
export async function sumOfRange(params: {
  places: TopicPlaces;
  topic: Uint8Array;
  log: LogId;
  from: bigint;
  to: bigint;
  maxRows: number;
}): Promise<{ sum: TopicSum; to: bigint; rows: number }> {
  const { from, to, maxRows } = params;
  const before = await prefixAt({ ...params, at: from });
  if (before.prefix.sequence < from) return { sum: EMPTY_SUM, to: from, rows: before.rows };
  const upTo = await prefixAt({ ...params, at: to, maxRows: Math.max(1, maxRows - before.rows) });
  const rows = before.rows + upTo.rows;
  if (upTo.prefix.sequence <= from) return { sum: EMPTY_SUM, to: from, rows };
  return { sum: withoutSum(upTo.prefix.sum, before.prefix.sum), to: upTo.prefix.sequence, rows };
}

/** The logs that have something of a topic, at most `limit`. */
export async function logsOfTopic(params: {
  places: Omit<TopicPlaces, "cache">;
  topic: Uint8Array;
  limit: number;
}): Promise<LogId[]> {
  const { places, topic, limit } = params;
  const { database, record } = places;
  const { lt } = rangeOf(record, { topic });
  let { gte } = rangeOf(record, { topic });
  const logs: LogId[] = [];
  while (logs.length < limit) {
    const [key] = await database.level.keys({ gte, lt, limit: 1 }).all();
    if (key === undefined) break;
    const { node, generation, shard } = parseKey(record, key);
    const log = { node: asId<NodeId>(node), generation, shard };
    logs.push(log);
    gte = rangeOf(record, { topic, ...log }).lt;
  }
  return logs;
}

async function prefixAt(params: {
  places: TopicPlaces;
  topic: Uint8Array;
  log: LogId;
  at: bigint;
  maxRows: number;
}): Promise<{ prefix: Prefix; rows: number }> {
  const { places, topic, log, at, maxRows } = params;
  const { database, record, cache } = places;
  const name = nameOf(record, topic, log);
  const known = cache.prefixes.get(name)?.findLast(({ sequence }) => sequence <= at) ?? START;
  const made: Prefix[] = [];
  const { changes } = cache;
  const range = { gte: keyAt(record, topic, log, known.sequence), lt: keyAt(record, topic, log, at) };
  let { sum } = known;
  let [rows, sinceLast, last] = [0, 0, known.sequence];
  for await (const [key, hash] of database.level.iterator(range)) {
    const { sequence } = parseKey(record, key);
    // Branches of a forked log have several rows at one sequence: a prefix ends between sequences.
    const isFull = rows >= maxRows && sequence > last;
    if ((sinceLast >= PREFIX_ROWS || isFull) && sequence > last) {
      made.push({ sequence, sum });
      sinceLast = 0;
    }
    if (isFull) {
      keep({ cache, changes, name, made });
      return { prefix: { sequence, sum }, rows };
    }
    sum = withElement(sum, { topic, log, sequence, hash });
    [rows, sinceLast, last] = [rows + 1, sinceLast + 1, sequence];
  }
  keep({ cache, changes, name, made });
  return { prefix: { sequence: at, sum }, rows };
}

function keep(params: { cache: SumCache; changes: number; name: string; made: readonly Prefix[] }): void {
  const { cache, changes, name, made } = params;
  if (made.length === 0 || cache.changes !== changes) return;
  const known = cache.prefixes.get(name) ?? [];
  const bySequence = new Map([...known, ...made].map((prefix) => [prefix.sequence, prefix]));
  const prefixes = [...bySequence.values()].sort((a, b) => (a.sequence < b.sequence ? -1 : 1));
  cache.prefixes.delete(name);
  cache.prefixes.set(name, prefixes);
  cache.size += prefixes.length - known.length;
  for (const [other, { length }] of cache.prefixes) {
    if (cache.size <= MAX_PREFIXES) break;
    cache.prefixes.delete(other);
    cache.size -= length;
  }
}

function nameOf(record: PlaceRecord, topic: Uint8Array, log: LogId): string {
  return toHex(rangeOf(record, { topic, ...log }).gte);
}

function keyAt(record: PlaceRecord, topic: Uint8Array, log: LogId, sequence: bigint): Uint8Array {
  if (sequence >= 2n ** 64n) return rangeOf(record, { topic, ...log }).lt;
  return keyOf(record, { topic, ...log, sequence, header: new Uint8Array(32) });
}
