import { WeftError } from "../errors.ts";
import { safeNumber } from "../wire/bytes.ts";
import { type Hex, toHex } from "../wire/ids.ts";

/** Reads a block number; undefined for zero, which stands for an absent one. Throws `malformed`. */
export function optionalBlock(value: bigint): number | undefined {
  return value === 0n ? undefined : safeNumber(value);
}

/** Returns bytes as hex. Throws `malformed`, with the name `what`, if they have another length. */
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

/** Returns a part that a message must have. Throws `malformed`, with the name `what`, if it is missing. */
export function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new WeftError({ code: "malformed", message: `${what} is missing` });
  return value;
}

/** Returns a list. Throws `too-large` if it has more than `max` items, so that the caller splits it. */
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
