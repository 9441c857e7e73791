import { sha256 } from "#crypto";
import { concatBytes } from "../crypto/concatBytes.ts";
import { WeftError } from "../errors.ts";

const encoder = new TextEncoder();

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Writes a number as 4 bytes, big-endian. */
export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** Writes a number as 8 bytes, big-endian. */
export function u64(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

/** Reads a u64 as a number. Throws `malformed` beyond 2^53 - 1. */
export function safeNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new WeftError({ code: "malformed", message: `a number beyond 2^53: ${value}` });
  }
  return Number(value);
}

/** Computes SHA-256 over a domain label and fields of fixed length. */
export function labeledHash(params: { label: string; fields: Uint8Array[] }): Uint8Array {
  return sha256(concatBytes(utf8(params.label), ...params.fields));
}
