import { p256 } from "@noble/curves/nist.js";
import { WeftError } from "../errors.ts";

const COORDINATE_BYTES = 32;

/** The affine coordinates (32 bytes each) of a P-256 public key, compressed or not. Throws `malformed`. */
export function p256Coordinates(publicKey: Uint8Array): { x: Uint8Array; y: Uint8Array } {
  try {
    const bytes = p256.Point.fromBytes(publicKey).toBytes(false);
    return { x: bytes.slice(1, 1 + COORDINATE_BYTES), y: bytes.slice(1 + COORDINATE_BYTES) };
  } catch (cause) {
    throw new WeftError({ code: "malformed", message: "not a P-256 public key", cause });
  }
}

/** The compressed form (SEC 1, 33 bytes) of a point; does not check that it is on the curve. */
export function compressP256(point: { x: Uint8Array; y: Uint8Array }): Uint8Array {
  const bytes = new Uint8Array(1 + COORDINATE_BYTES);
  bytes[0] = 2 + ((point.y.at(-1) ?? 0) & 1);
  bytes.set(point.x, 1);
  return bytes;
}
