import { WeftError } from "../errors.ts";
import { fromHex, type Hex } from "../wire/ids.ts";
import type { FieldKind, KeyFields, RecordKind } from "./schema.ts";

/** The fields of a record's key as `keyOf` takes them: bytes or hex for fixed lengths, numbers for integers. */
export type FieldValues<Fields extends KeyFields> = { readonly [Name in keyof Fields]: In<Fields[Name]> };
/** The fields of a record's key as `parseKey` returns them. */
export type ParsedFields<Fields extends KeyFields> = { readonly [Name in keyof Fields]: Out<Fields[Name]> };

type In<Kind> = Kind extends "text" ? string : Kind extends IntegerKind ? number | bigint : Uint8Array | Hex;
type Out<Kind> = Kind extends "text"
  ? string
  : Kind extends "u64"
    ? bigint
    : Kind extends IntegerKind
      ? number
      : Uint8Array;
type IntegerKind = "u8" | "u32" | "u64";

/** The keys from `gte` on and before `lt`; fits the iterators of abstract-level. */
export type KeyRange = { readonly gte: Uint8Array; readonly lt: Uint8Array };

const sizes: Record<Exclude<FieldKind, "text">, number> = {
  u8: 1,
  u32: 4,
  u64: 8,
  bytes16: 16,
  bytes20: 20,
  bytes32: 32,
  topic: 33,
};
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Builds a record's key: prefix ‖ fields in the schema's order, big-endian. Throws `internal` for a bad field. */
export function keyOf<Fields extends KeyFields>(
  record: RecordKind<Fields>,
  fields: FieldValues<Fields>,
): Uint8Array<ArrayBuffer> {
  return encode(record, fields, Object.keys(record.key).length);
}

/**
 * Returns the range of all keys that start with the given leading fields. After the first field that is left out, all
 * later ones must be left out, too. Throws `internal` for a bad field.
 */
export function rangeOf<Fields extends KeyFields>(
  record: RecordKind<Fields>,
  fields: Partial<FieldValues<Fields>>,
): KeyRange {
  const gte = encode(record, fields, Object.keys(fields).length);
  return { gte, lt: after(gte) };
}

/** Returns the fields of a key that `keyOf` built. Throws `storage` for any other bytes. */
export function parseKey<Fields extends KeyFields>(
  record: RecordKind<Fields>,
  key: Uint8Array,
): ParsedFields<Fields> {
  const fields: Record<string, unknown> = {};
  let at = 1;
  for (const [name, kind] of Object.entries(record.key)) {
    const end = kind === "text" ? key.length : at + sizes[kind];
    if (key[0] !== record.prefix || end > key.length) throw badKey(record);
    fields[name] = decodeField(kind, key.subarray(at, end));
    at = end;
  }
  if (at !== key.length) throw badKey(record);
  return fields as ParsedFields<Fields>;
}

/** Returns the first key after all those that start with `prefix`. */
function after(prefix: Uint8Array): Uint8Array<ArrayBuffer> {
  let end = prefix.length;
  while (end > 0 && prefix[end - 1] === 0xff) end--;
  const next = prefix.slice(0, end) as Uint8Array<ArrayBuffer>;
  next[end - 1] = (next[end - 1] ?? 0) + 1;
  return next;
}

function encode(
  record: RecordKind<KeyFields>,
  fields: Record<string, unknown>,
  count: number,
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  let length = 1;
  for (const [name, kind] of Object.entries(record.key).slice(0, count)) {
    const part = encodeField(kind, fields[name]);
    parts.push(part);
    length += part.length;
  }
  const key = new Uint8Array(length);
  key[0] = record.prefix;
  let at = 1;
  for (const part of parts) {
    key.set(part, at);
    at += part.length;
  }
  return key;
}

function encodeField(kind: FieldKind, value: unknown): Uint8Array {
  if (kind === "text") return encoder.encode(String(value));
  if (typeof value === "number" || typeof value === "bigint") return integer(sizes[kind], BigInt(value));
  const bytes = typeof value === "string" ? fromHex(value) : value;
  if (bytes instanceof Uint8Array && bytes.length === sizes[kind]) return bytes;
  throw new WeftError({ code: "internal", message: `a key field is no ${kind}` });
}

function integer(size: number, value: bigint): Uint8Array {
  if (value < 0n || value >> BigInt(8 * size) !== 0n) {
    throw new WeftError({ code: "internal", message: `a key field is out of range: ${value}` });
  }
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes.subarray(8 - size);
}

function decodeField(kind: FieldKind, bytes: Uint8Array): Uint8Array | bigint | number | string {
  if (kind === "text") return decoder.decode(bytes);
  if (kind !== "u8" && kind !== "u32" && kind !== "u64") return bytes;
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return kind === "u64" ? value : Number(value);
}

function badKey(record: RecordKind<KeyFields>): WeftError {
  return new WeftError({ code: "storage", message: `a key does not fit its record (${record.prefix})` });
}
