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
  // In order of their keys, one for each.
  const pending: Write[] = [];
  const { level } = database;
  const reading = {
    get: async (key: Uint8Array) => {
      const write = writeOf(pending, key);
      if (!write) return await level.get(key);
      return write.type === "put" ? write.value : undefined;
    },
    iterator: (range: Range = {}) => rows({ level, pending, range }),
  };
  return {
    // Readers of records use no more of it.
    database: { ...database, level: reading as unknown as Level },
    add: (writes) => {
      for (const write of writes) {
        const place = placeOf(pending, write.key);
        pending.splice(place, isAt(pending[place], write.key) ? 1 : 0, write);
      }
    },
  };
}

/** Both are in order: what lies on the disk, but for what is written anew, and what is written. */
async function* rows(params: { level: Level; pending: readonly Write[]; range: Range }): AsyncGenerator<Row> {
  const { level, pending, range } = params;
  const { limit = -1, reverse = false } = range;
  const within = writesWithin(pending, range);
  const added = within.flatMap((write): Row[] => (write.type === "put" ? [[write.key, write.value]] : []));
  if (reverse) added.reverse();
  const left = limit < 0 ? Number.POSITIVE_INFINITY : limit;
  let given = 0;
  const stored = level.iterator({ ...range, limit: limit < 0 ? -1 : limit + within.length });
  for await (const row of stored) {
    if (writeOf(within, row[0])) continue;
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

function writesWithin(pending: readonly Write[], { gt, gte, lt, lte }: Range): readonly Write[] {
  const afterOf = (key: Uint8Array) => placeOf(pending, key) + (writeOf(pending, key) ? 1 : 0);
  const start = Math.max(gt ? afterOf(gt) : 0, gte ? placeOf(pending, gte) : 0);
  const end = Math.min(lt ? placeOf(pending, lt) : pending.length, lte ? afterOf(lte) : pending.length);
  return pending.slice(start, Math.max(start, end));
}

/** The write to a key. */
function writeOf(writes: readonly Write[], key: Uint8Array): Write | undefined {
  const write = writes[placeOf(writes, key)];
  return isAt(write, key) ? write : undefined;
}

function isAt(write: Write | undefined, key: Uint8Array): boolean {
  return write !== undefined && compare(write.key, key) === 0;
}

/** How many writes come before a key. */
function placeOf(writes: readonly Write[], key: Uint8Array): number {
  let [low, high] = [0, writes.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (compare((writes[middle] as Write).key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
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
