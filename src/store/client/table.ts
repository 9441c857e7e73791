import { type FieldValues, keyOf, type ParsedFields, parseKey, rangeOf } from "../keys.ts";
import type { Database } from "../openDatabase.ts";
import type { KeyFields, RecordKind } from "../schema.ts";
import { del, put, type Write } from "../writeAtomic.ts";
import { decodeRecord, encodeRecord } from "./recordCodec.ts";

/** One kind of record of the client's database, with the type of its values. `put` and `del` make writes. */
export type Table<Fields extends KeyFields, Value> = {
  readonly record: RecordKind<Fields>;
  readonly put: (fields: FieldValues<Fields>, value: Value) => Write;
  readonly del: (fields: FieldValues<Fields>) => Write;
  readonly get: (database: Database, fields: FieldValues<Fields>) => Promise<Value | undefined>;
  /** Decodes a stored value. */
  readonly decode: (bytes: Uint8Array) => Value;
  /** Yields the rows whose key starts with the given leading fields, in the order of their keys. */
  readonly rows: (database: Database, query?: RowQuery<Fields>) => AsyncIterable<Row<Fields, Value>>;
};

/** A record of a table: the fields of its key, and its value. */
export type Row<Fields extends KeyFields, Value> = {
  readonly fields: ParsedFields<Fields>;
  readonly value: Value;
};

type RowQuery<Fields extends KeyFields> = {
  readonly under?: Partial<FieldValues<Fields>>;
  /** Only rows whose key comes after this one (before it, if reversed). */
  readonly after?: FieldValues<Fields>;
  readonly reverse?: boolean;
  readonly limit?: number;
};

const ITERATOR_BYTES = 1024 * 1024;

/** Makes a table whose values are JSON records. */
export function jsonTable<Fields extends KeyFields, Value>(record: RecordKind<Fields>): Table<Fields, Value> {
  return table({ record, encode: encodeRecord, decode: decodeRecord<Value> });
}

/** Makes a table whose values are plain bytes. */
export function bytesTable<Fields extends KeyFields>(record: RecordKind<Fields>): Table<Fields, Uint8Array> {
  return table({ record, encode: (bytes: Uint8Array) => bytes, decode: (bytes) => bytes });
}

/** Reads all values of a query into memory, for queries whose results are always small. */
export async function valuesOf<Fields extends KeyFields, Value>(
  rows: AsyncIterable<Row<Fields, Value>>,
): Promise<Value[]> {
  const values: Value[] = [];
  for await (const row of rows) values.push(row.value);
  return values;
}

function table<Fields extends KeyFields, Value>(params: {
  record: RecordKind<Fields>;
  encode: (value: Value) => Uint8Array;
  decode: (bytes: Uint8Array) => Value;
}): Table<Fields, Value> {
  const { record, encode, decode } = params;
  return {
    record,
    decode,
    put: (fields, value) => put(keyOf(record, fields), encode(value)),
    del: (fields) => del(keyOf(record, fields)),
    get: async (database, fields) => {
      const bytes = await database.level.get(keyOf(record, fields));
      return bytes && decode(bytes);
    },
    rows: async function* (database, query = {}) {
      const { under = {}, after, reverse = false, limit = -1 } = query;
      const range = rangeOf(record, under as Partial<FieldValues<Fields>>);
      const bounds = after === undefined ? range : cut({ ...range, key: keyOf(record, after), reverse });
      const options = { ...bounds, reverse, limit, highWaterMarkBytes: ITERATOR_BYTES };
      for await (const [key, value] of database.level.iterator(options)) {
        yield { fields: parseKey(record, key), value: decode(value) };
      }
    },
  };
}

function cut(params: {
  gte: Uint8Array;
  lt: Uint8Array;
  key: Uint8Array;
  reverse: boolean;
}): { gte: Uint8Array; lt: Uint8Array } | { gt: Uint8Array; lt: Uint8Array } {
  const { gte, lt, key, reverse } = params;
  return reverse ? { gte, lt: key } : { gt: key, lt };
}
