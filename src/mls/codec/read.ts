import { malformed } from "./malformed.ts";

/** Decoding of the TLS presentation language (RFC 9420, section 2.1). Every function throws `malformed`. */

/** A position in bytes that moves as values are read. */
export type Reader = { readonly bytes: Uint8Array; at: number };

/** Reads all of `bytes` with `read`; trailing bytes are malformed. */
export function readWhole<T>(bytes: Uint8Array, read: (reader: Reader) => T): T {
  const reader = { bytes, at: 0 };
  const value = read(reader);
  if (reader.at !== bytes.length) throw malformed("trailing bytes");
  return value;
}

export function readBytes(reader: Reader, length: number): Uint8Array {
  if (length > reader.bytes.length - reader.at) throw malformed("ends too early");
  const bytes = reader.bytes.slice(reader.at, reader.at + length);
  reader.at += length;
  return bytes;
}

export function readUint8(reader: Reader): number {
  const byte = reader.bytes[reader.at];
  if (byte === undefined) throw malformed("ends too early");
  reader.at += 1;
  return byte;
}

export function readUint16(reader: Reader): number {
  return readUint8(reader) * 0x100 + readUint8(reader);
}

export function readUint32(reader: Reader): number {
  return readUint16(reader) * 0x10000 + readUint16(reader);
}

export function readUint64(reader: Reader): bigint {
  return (BigInt(readUint32(reader)) << 32n) | BigInt(readUint32(reader));
}

/** Reads an epoch as a number: 2^53 commits do not happen. */
export function readEpoch(reader: Reader): number {
  const epoch = readUint64(reader);
  if (epoch > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed("epoch out of range");
  return Number(epoch);
}

/** Reads a vector of bytes with at most `max` of them (by default, what is left). */
export function readOpaque(reader: Reader, max = Number.POSITIVE_INFINITY): Uint8Array {
  const length = readLength(reader);
  if (length > max) throw malformed("vector too long");
  return readBytes(reader, length);
}

export function readOpaqueOf(reader: Reader, length: number): Uint8Array {
  const bytes = readOpaque(reader, length);
  if (bytes.length !== length) throw malformed("vector too short");
  return bytes;
}

/** Reads a vector of values, at most `max` of them. */
export function readList<T>(reader: Reader, max: number, readOne: (reader: Reader) => T): T[] {
  const length = readLength(reader);
  const end = reader.at + length;
  if (end > reader.bytes.length) throw malformed("ends too early");
  const values: T[] = [];
  while (reader.at < end) {
    if (values.length === max) throw malformed("too many values");
    values.push(readOne(reader));
  }
  if (reader.at !== end) throw malformed("a value crosses the end of its vector");
  return values;
}

export function readOptional<T>(reader: Reader, readOne: (reader: Reader) => T): T | undefined {
  const present = readUint8(reader);
  if (present > 1) throw malformed("neither present nor absent");
  return present === 1 ? readOne(reader) : undefined;
}

/** Reads a variable-size length in its smallest encoding. */
export function readLength(reader: Reader): number {
  const first = readUint8(reader);
  const low = first & 0x3f;
  switch (first >> 6) {
    case 0:
      return low;
    case 1: {
      const length = low * 0x100 + readUint8(reader);
      if (length < 0x40) throw malformed("length is not in its smallest encoding");
      return length;
    }
    case 2: {
      const length = low * 0x1000000 + readUint8(reader) * 0x10000 + readUint16(reader);
      if (length < 0x4000) throw malformed("length is not in its smallest encoding");
      return length;
    }
    default:
      throw malformed("invalid length prefix");
  }
}
