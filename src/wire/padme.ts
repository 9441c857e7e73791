import { WeftError } from "../errors.ts";
import { u32 } from "./bytes.ts";

/**
 * Computes the padded length by Padmé (Nikitin et al., PETS 2019): sizes leak O(log log n) bits at an overhead of at
 * most 12 %.
 */
export function padmeLength(length: number): number {
  if (length < 2) return length;
  const exponent = Math.floor(Math.log2(length));
  const mantissaBits = Math.floor(Math.log2(exponent)) + 1;
  const step = 2 ** Math.max(0, exponent - mantissaBits);
  return Math.ceil(length / step) * step;
}

/** Pads bytes: length (u32) ‖ bytes ‖ zeros. */
export function pad(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(padmeLength(4 + bytes.length));
  padded.set(u32(bytes.length));
  padded.set(bytes, 4);
  return padded;
}

/** Takes the padding away. Throws `malformed` unless it is exactly what `pad` writes. */
export function unpad(padded: Uint8Array): Uint8Array {
  const length = padded.length < 4 ? -1 : new DataView(padded.buffer, padded.byteOffset).getUint32(0);
  const fits = length >= 0 && padmeLength(4 + length) === padded.length;
  if (!fits || padded.subarray(4 + length).some((byte) => byte !== 0)) {
    throw new WeftError({ code: "malformed", message: "the padding is not Padmé with zeros" });
  }
  return padded.slice(4, 4 + length);
}
