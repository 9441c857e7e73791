import { toHex } from "../wire/ids.ts";
import type { Database } from "./openDatabase.ts";
import type { Write } from "./writeAtomic.ts";

type Level = Database["level"];
type Range = {
  readonly gt?: Uint8Array;
  readonly gte?: Uint8Array;
  readonly lt?: Uint8Array;
  readonly lte?: Uint8Array;
  readonly reverse?: boolean;
  readonly limit?: number;
};
type Row = [Uint8Array, Uint8Array];

/**
 * A database as it will be once a batch is written, for reading by `get` and `iterator` only: each part of the batch
 * has to see what the parts before it change.
 */
export function withWrites(database: Database): {
  readonly database: Database;
  readonly add: (writes: readonly Write[]) => void;
} {
  const pending = new Map<string, Write>();
  const { level } = database;
  const reading = {
    get: async (key: Uint8Array) => {
      const write = pending.get(toHex(key));
      if (!write) return await level.get(key);
      return write.type === "put" ? write.value : undefined;
    },
    iterator: (range: Range = {}) => rows({ level, pending, range }),
  };
  return {
    // Readers of records use no more of it.
    database: { ...database, level: reading as unknown as Level },
    add: (writes) => {
      for (const write of writes) pending.set(toHex(write.key), write);
    },
  };
}

/** Both are in order: what lies on the disk, but for what is written anew, and what is written. */
async function* rows(params: {
  level: Level;
  pending: ReadonlyMap<string, Write>;
  range: Range;
}): AsyncGenerator<Row> {
  const { level, pending, range } = params;
  const { limit = -1, reverse = false } = range;
  const within = [...pending.values()].filter(({ key }) => isWithin(range, key));
  const added = within.flatMap((write): Row[] => (write.type === "put" ? [[write.key, write.value]] : []));
  added.sort(([a], [b]) => (reverse ? compare(b, a) : compare(a, b)));
  const left = limit < 0 ? Number.POSITIVE_INFINITY : limit;
  let given = 0;
  const stored = level.iterator({ ...range, limit: limit < 0 ? -1 : limit + within.length });
  for await (const row of stored) {
    if (pending.has(toHex(row[0]))) continue;
    while (given < left && added[0] && compare(added[0][0], row[0]) < 0 !== reverse) {
      yield added.shift() as Row;
      given++;
    }
    if (given >= left) return;
    yield row as Row;
    given++;
  }
  for (const row of added.slice(0, left - given)) yield row;
}

function isWithin({ gt, gte, lt, lte }: Range, key: Uint8Array): boolean {
  return (
    (gt === undefined || compare(key, gt) > 0) &&
    (gte === undefined || compare(key, gte) >= 0) &&
    (lt === undefined || compare(key, lt) < 0) &&
    (lte === undefined || compare(key, lte) <= 0)
  );
}

/** As LevelDB and IndexedDB order keys. */
function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
