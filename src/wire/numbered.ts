import { WeftError } from "../errors.ts";

/** One setting: a later version gives the number a meaning. */
export type Numbered = { readonly number: number; readonly value: Uint8Array };

/** Wire type of a length-delimited protobuf field: an `extra` is a message of `bytes` fields that each occur once. */
const LENGTH_DELIMITED = 2;
const MAX_NUMBER = 2 ** 28 - 1;

/**
 * Reads numbered byte strings in ascending order, each number once: for each a varint of number × 8 + 2, a varint of its
 * length and its bytes. `undefined` for anything else, also for what has a shorter encoding. Never throws.
 */
export function readNumbered(bytes: Uint8Array): Numbered[] | undefined {
  const items: Numbered[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = readVarint(bytes, at);
    const length = tag && readVarint(bytes, tag.end);
    if (!tag || !length || tag.value % 8 !== LENGTH_DELIMITED) return undefined;
    const number = Math.floor(tag.value / 8);
    const end = length.end + length.value;
    if (number <= (items.at(-1)?.number ?? 0) || number > MAX_NUMBER || end > bytes.length) return undefined;
    items.push({ number, value: bytes.slice(length.end, end) });
    at = end;
  }
  return items;
}

/** Encodes numbered byte strings. Throws `malformed` for numbers that are not in ascending order. */
export function writeNumbered(items: readonly Numbered[]): Uint8Array {
  const bytes = items.flatMap(({ number, value }) => [
    ...varint(number * 8 + LENGTH_DELIMITED),
    ...varint(value.length),
    ...value,
  ]);
  const written = Uint8Array.from(bytes);
  if (readNumbered(written)) return written;
  throw new WeftError({ code: "malformed", message: "settings are numbered in ascending order" });
}

/** Reads a varint of at most 31 bits; undefined unless it has the shortest form. */
function readVarint(bytes: Uint8Array, from: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[from + i];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80)
      return (i > 0 && byte === 0) || value >= 2 ** 31 ? undefined : { value, end: from + i + 1 };
  }
  return undefined;
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...varint(Math.floor(value / 0x80))];
}
