import { WeftError } from "../errors.ts";
import { safeNumber } from "../wire/bytes.ts";
import { type Hex, toHex } from "../wire/ids.ts";

/** Absent is written as zero. */
export function optionalBlock(value: bigint): number | undefined {
  return value === 0n ? undefined : safeNumber(value);
}

export function sizedHex(params: { bytes: Uint8Array; length: number; what: string }): Hex {
  const { bytes, length, what } = params;
  if (bytes.length !== length) {
    throw new WeftError({
      code: "malformed",
      message: `${what} has ${bytes.length} bytes instead of ${length}`,
    });
  }
  return toHex(bytes);
}

/** `malformed` where the message lacks a part that it must have. */
export function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new WeftError({ code: "malformed", message: `${what} is missing` });
  return value;
}

/** `too-large` for a list of more than `max` items: the caller splits it. */
export function bounded<T>(params: { items: readonly T[]; max: number; what: string }): readonly T[] {
  const { items, max, what } = params;
  if (items.length > max) {
    throw new WeftError({
      code: "too-large",
      message: `${items.length} ${what} in one call; at most ${max}`,
    });
  }
  return items;
}
