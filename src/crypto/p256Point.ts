import { uncompressP256 } from "#crypto";
import { WeftError } from "../errors.ts";

const COORDINATE_BYTES = 32;

/** The affine coordinates (32 bytes each) of a P-256 public key, compressed or not. Throws `malformed`. */
export function p256Coordinates(publicKey: Uint8Array): { x: Uint8Array; y: Uint8Array } {
  const bytes = uncompressP256(publicKey);
  if (!bytes) throw new WeftError({ code: "malformed", message: "not a P-256 public key" });
  return { x: bytes.slice(1, 1 + COORDINATE_BYTES), y: bytes.slice(1 + COORDINATE_BYTES) };
}

/** The compressed form (SEC 1, 33 bytes) of a point; does not check that it is on the curve. */
export function compressP256(point: { x: Uint8Array; y: Uint8Array }): Uint8Array {
  const bytes = new Uint8Array(1 + COORDINATE_BYTES);
  bytes[0] = 2 + ((point.y.at(-1) ?? 0) & 1);
  bytes.set(point.x, 1);
  return bytes;
}
