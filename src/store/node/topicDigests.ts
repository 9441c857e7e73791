import { WeftError } from "../../errors.ts";
import { maximum, minimum } from "../../wire/bigintOrder.ts";
import { logName } from "../../wire/logRange.ts";
import type { LogDigest, LogSpan, TopicQuestion } from "../../wire/topicDigest.ts";
import { nodeSchema } from "../schema.ts";
import { logsOfTopic, sumOfRange, type TopicPlaces } from "../topicSums.ts";
import { kindNumber } from "./logState.ts";
import type { LogStore } from "./logStore.ts";

const MAX_LOGS_PER_TOPIC = 1024;
/** How often digests are read if older envelopes come or go meanwhile. */
const ATTEMPTS = 3;

type Digests = {
  readonly answers: LogDigest[][];
  /** About how many rows of the database were read. */
  readonly rows: number;
};

/**
 * Computes one list of digests per question, in order. An answer covers less than was asked for, and says so, if this
 * node does not hold all of it or after about `maxRows` rows. Logs without envelopes of the topic are left out unless
 * the asker named them. Throws `not-ready` while older envelopes keep coming or going.
 */
export async function topicDigests(params: {
  store: LogStore;
  topics: readonly TopicQuestion[];
  maxRows: number;
}): Promise<Digests> {
  const { store } = params;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { changes } = store.sums;
    const digests = await readDigests(params);
    if (store.sums.changes === changes) return digests;
  }
  throw new WeftError({ code: "not-ready", message: "the log store is being filled from behind" });
}

async function readDigests(params: {
  store: LogStore;
  topics: readonly TopicQuestion[];
  maxRows: number;
}): Promise<Digests> {
  const { store, topics, maxRows } = params;
  const { state, database, sums: cache } = store;
  const places: TopicPlaces = { database, record: nodeSchema.topicPlace, cache };
  let rows = 0;
  const answers: LogDigest[][] = [];
  for (const { topic, ranges } of topics) {
    const digests: LogDigest[] = [];
    for (const span of ranges ?? (await spansOf({ places, topic }))) {
      const known = state.logs.get(logName(span.log));
      if (known === undefined || rows >= maxRows) continue;
      const floor = maximum(span.floor, known.floors[kindNumber(topic)] ?? 0n);
      const next = minimum(span.next, known.next);
      if (next <= floor) continue;
      const range = { topic, log: span.log, from: floor, to: next, maxRows: maxRows - rows };
      const found = await sumOfRange({ places, ...range });
      // A log without a row costs a look into the database, too.
      rows += found.rows + 1;
      if (found.to <= floor || (found.sum.count === 0 && ranges === undefined)) continue;
      digests.push({ log: span.log, floor, next: found.to, sum: found.sum, conflicted: known.conflicted });
    }
    answers.push(digests);
  }
  return { answers, rows };
}

async function spansOf(params: { places: TopicPlaces; topic: Uint8Array }): Promise<LogSpan[]> {
  const logs = await logsOfTopic({ ...params, limit: MAX_LOGS_PER_TOPIC });
  return logs.map((log) => ({ log, floor: 0n, next: 2n ** 64n }));
}
