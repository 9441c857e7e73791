import { ml_kem768_x25519 } from "@noble/post-quantum/hybrid.js";
import { shake256, x25519 } from "#crypto";
import type { KeyPair } from "./api.ts";
import { zero } from "./zero.ts";

/** X-Wing (draft-connolly-cfrg-xwing-kem): ML-KEM-768 and X25519 in one KEM; the private key is the seed. */
export const XWING_SEED_LENGTH = 32;
export const XWING_PUBLIC_KEY_LENGTH = 1216;
export const XWING_ENCAPSULATION_LENGTH = 1120;
export const XWING_RANDOMNESS_LENGTH = 64;
const X25519_LENGTH = 32;

/** The key pair of a 32-byte seed. */
export function xwingKeyPairFromSeed(seed: Uint8Array): KeyPair {
  const { publicKey, secretKey } = ml_kem768_x25519.keygen(seed);
  return { publicKey, privateKey: secretKey };
}

/** `undefined` if the public key is not a valid one. `randomness` (64 bytes, used once) is drawn unless it is told. */
export function encapsulateXwing(params: {
  publicKey: Uint8Array;
  randomness?: Uint8Array;
}): { encapsulation: Uint8Array; sharedSecret: Uint8Array } | undefined {
  if (params.publicKey.length !== XWING_PUBLIC_KEY_LENGTH) return undefined;
  try {
    const { cipherText, sharedSecret } = ml_kem768_x25519.encapsulate(params.publicKey, params.randomness);
    return { encapsulation: cipherText, sharedSecret };
  } catch {
    return undefined;
  }
}

/** `undefined` if the encapsulation is not a valid one; for a foreign one the secret is unrelated, not an error. */
export function decapsulateXwing(params: {
  privateKey: Uint8Array;
  encapsulation: Uint8Array;
}): Uint8Array | undefined {
  if (params.encapsulation.length !== XWING_ENCAPSULATION_LENGTH) return undefined;
  try {
    return ml_kem768_x25519.decapsulate(params.encapsulation, params.privateKey);
  } catch {
    return undefined;
  }
}

/**
 * What an encapsulation's X25519 part alone gives, as its maker knows it: a fiftieth of the whole work, and no secret
 * from a quantum computer. `undefined` if the public key is not a valid one.
 */
export function xwingX25519OfMaker(params: {
  publicKey: Uint8Array;
  randomness: Uint8Array;
}): Uint8Array | undefined {
  const privateKey = params.randomness.slice(-X25519_LENGTH);
  const secret = x25519({ privateKey, publicKey: params.publicKey.slice(-X25519_LENGTH) });
  zero(privateKey);
  return secret;
}

/** The same, as the owner of the private key knows it; for a foreign encapsulation it is unrelated, not an error. */
export function xwingX25519OfOwner(params: {
  privateKey: Uint8Array;
  encapsulation: Uint8Array;
}): Uint8Array | undefined {
  const expanded = shake256({ bytes: params.privateKey, length: 3 * X25519_LENGTH });
  const privateKey = expanded.slice(-X25519_LENGTH);
  const secret = x25519({ privateKey, publicKey: params.encapsulation.slice(-X25519_LENGTH) });
  zero(expanded, privateKey);
  return secret;
}
