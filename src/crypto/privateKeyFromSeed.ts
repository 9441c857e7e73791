import { p256 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { WeftError } from "../errors.ts";

/** Bytes of seed that keep the bias of the reduction below 2^-128 (FIPS 186-5, A.2.1). */
export const PRIVATE_KEY_SEED_LENGTH = 48;

/**
 * A private key (32 bytes, 1 … n - 1) from a uniform seed of 48 bytes, by reduction: unlike 32 exported bytes taken
 * as they are, it never misses the range (for P-256 one in 2^32 would). Throws `malformed` on another length.
 */
export function privateKeyFromSeed(params: { curve: "p256" | "secp256k1"; seed: Uint8Array }): Uint8Array {
  if (params.seed.length !== PRIVATE_KEY_SEED_LENGTH) {
    throw new WeftError({ code: "malformed", message: `a seed has ${PRIVATE_KEY_SEED_LENGTH} bytes` });
  }
  const curve = params.curve === "p256" ? p256 : secp256k1;
  const scalar = (BigInt(`0x${bytesToHex(params.seed)}`) % (curve.Point.Fn.ORDER - 1n)) + 1n;
  return curve.Point.Fn.toBytes(scalar);
}
