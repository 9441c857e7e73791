import { asId, type NodeId, toHex } from "../wire/ids.ts";
import type { LogId } from "../wire/logRange.ts";
import { EMPTY_SUM, type TopicSum, withElement, withoutSum } from "../wire/topicDigest.ts";
import { keyOf, parseKey, rangeOf } from "./keys.ts";
import type { Database } from "./openDatabase.ts";
import type { nodeSchema } from "./schema.ts";

/**
 * The envelopes of topics by their places in logs: those that a node holds, or that a client has read. Sums over them
 * are computed when asked for; the sum after every PREFIX_ROWS rows stays in memory, so that the next question reads
 * less.
 */
export type TopicPlaces = {
  readonly database: Database;
  readonly record: PlaceRecord;
  readonly cache: SumCache;
};

/** A kind of record whose key is an envelope's place and whose value is its hash. */
export type PlaceRecord = Pick<(typeof nodeSchema)["topicPlace"], "key"> & {
  readonly prefix: number;
  readonly value: string;
  readonly writer: string;
};

/** The sums that stay in memory; they may be dropped at any time. Mutable. */
export type SumCache = {
  readonly prefixes: Map<string, readonly Prefix[]>;
  size: number;
  /** Grows when earlier places came or went: a sum that is being computed then is wrong. */
  changes: number;
};

/** The sum over all rows of a topic and log before `sequence`. */
type Prefix = { readonly sequence: bigint; readonly sum: TopicSum };

const PREFIX_ROWS = 256;
/** How many sums stay in memory; each takes about 300 bytes. */
const MAX_PREFIXES = 16_384;
const START: Prefix = { sequence: 0n, sum: EMPTY_SUM };

export function createSumCache(): SumCache {
  return { prefixes: new Map(), size: 0, changes: 0 };
}

/** Forgets all sums, because places before the end of a log came or went. */
export function forgetSums(cache: SumCache): void {
  cache.prefixes.clear();
  cache.size = 0;
  cache.changes++;
}

/** Forgets the sums of a topic and log after `sequence`, because a place came in there. */
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
 * Computes the sum over a topic's places in the sequences [from, to) of a log. Reads at most about `maxRows` rows: the
 * answer covers the sequences before its own `to`, from which the next question goes on.
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

/** Lists the logs that have envelopes of a topic, at most `limit`. */
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
