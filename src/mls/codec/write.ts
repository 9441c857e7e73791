import { concatBytes } from "../../crypto/concatBytes.ts";

/** Encoding of the TLS presentation language (RFC 9420, section 2.1): each function gives the bytes of one value. */

export function uint8(value: number): Uint8Array {
  return Uint8Array.of(value);
}

export function uint16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value);
}

export function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >> 16, value >> 8, value);
}

export function uint64(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

/** Writes a vector of bytes behind its variable-size length. */
export function opaque(bytes: Uint8Array): Uint8Array {
  return concatBytes(variableLength(bytes.length), bytes);
}

/** Writes a vector of encoded values. */
export function list(values: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const value of values) length += value.length;
  return concatBytes(variableLength(length), ...values);
}

export function optional(value: Uint8Array | undefined): Uint8Array {
  return value === undefined ? uint8(0) : concatBytes(uint8(1), value);
}

function variableLength(length: number): Uint8Array {
  if (length < 0x40) return uint8(length);
  if (length < 0x4000) return uint16(length | 0x4000);
  return uint32((length | 0x80000000) >>> 0);
}
