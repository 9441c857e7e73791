import { WeftError } from "../../errors.ts";
import { fromHex, type Hex, toHex } from "../../wire/ids.ts";

type Tagged = { readonly $bytes: Hex } | { readonly $bigint: string };

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Encodes a value as JSON in UTF-8, in which bytes and big integers keep their types. */
export function encodeRecord(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(tag(value)));
}

/** Decodes what `encodeRecord` wrote. Throws `storage` for bytes that do not parse. */
export function decodeRecord<Value>(bytes: Uint8Array): Value {
  try {
    return JSON.parse(decoder.decode(bytes), (_, value: unknown) => untag(value)) as Value;
  } catch (cause) {
    throw new WeftError({ code: "storage", message: "a record does not parse", cause });
  }
}

function tag(value: unknown): unknown {
  if (typeof value === "bigint") return { $bigint: value.toString() };
  if (value instanceof Uint8Array) return { $bytes: toHex(value) };
  if (Array.isArray(value)) return value.map(tag);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, tag(field)]));
}

function untag(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("$bytes" in value) return fromHex((value as Tagged & { $bytes: Hex }).$bytes);
  if ("$bigint" in value) return BigInt((value as Tagged & { $bigint: string }).$bigint);
  return value;
}
