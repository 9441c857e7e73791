import { sha3_256 } from "@noble/hashes/sha3.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { randomBytes, shake256, x25519, x25519PublicKey } from "#crypto";
import type { KeyPair } from "./api.ts";
import { concatBytes } from "./concatBytes.ts";
import { zero } from "./zero.ts";

/**
 * X-Wing (draft-connolly-cfrg-xwing-kem): ML-KEM-768 and X25519 in one KEM; the private key is the seed. Put together
 * here so that the platform's X25519 does what would be half of the work otherwise, and so that view tags get at it.
 */
export const XWING_SEED_LENGTH = 32;
export const XWING_PUBLIC_KEY_LENGTH = 1216;
export const XWING_ENCAPSULATION_LENGTH = 1120;
const XWING_RANDOMNESS_LENGTH = 64;
const X25519_LENGTH = 32;
const ML_KEM_SEED_LENGTH = 64;
/** The draft's drawing: \.//^\ */
const LABEL = Uint8Array.of(0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c);

/** What a seed stands for: to expand it costs as much as to use it. */
type Expanded = {
  readonly kem: { readonly secretKey: Uint8Array; readonly publicKey: Uint8Array };
  readonly x25519: KeyPair;
};

/** For as long as the seeds themselves live. */
const expandedSeeds = new WeakMap<Uint8Array, Expanded>();

/** The key pair of a 32-byte seed. */
export function xwingKeyPairFromSeed(seed: Uint8Array): KeyPair {
  const { kem, x25519: ofX25519 } = expand(seed);
  return { publicKey: concatBytes(kem.publicKey, ofX25519.publicKey), privateKey: Uint8Array.from(seed) };
}

/**
 * `undefined` if the public key is not a valid one. `randomness` (64 bytes) is for test vectors only. `x25519Secret` is
 * what its X25519 part alone gives: no secret from a quantum computer.
 */
export function encapsulateXwing(params: {
  publicKey: Uint8Array;
  randomness?: Uint8Array;
}): { encapsulation: Uint8Array; sharedSecret: Uint8Array; x25519Secret: Uint8Array } | undefined {
  const { publicKey, randomness = randomBytes(XWING_RANDOMNESS_LENGTH) } = params;
  if (publicKey.length !== XWING_PUBLIC_KEY_LENGTH) return undefined;
  const [kemKey, x25519Key] = apart(publicKey);
  const [message, ephemeral] = apart(randomness);
  const x25519Secret = x25519({ privateKey: ephemeral, publicKey: x25519Key });
  const ephemeralKey = x25519PublicKey(ephemeral);
  const made = orUndefined(() => ml_kem768.encapsulate(kemKey, message));
  zero(message, ephemeral);
  if (!made || !x25519Secret) return undefined;
  const encapsulation = concatBytes(made.cipherText, ephemeralKey);
  const sharedSecret = combine([made.sharedSecret, x25519Secret, ephemeralKey, x25519Key]);
  zero(made.sharedSecret);
  return { encapsulation, sharedSecret, x25519Secret };
}

/** `undefined` if the encapsulation is not a valid one; for a foreign one the secret is unrelated, not an error. */
export function decapsulateXwing(params: {
  privateKey: Uint8Array;
  encapsulation: Uint8Array;
}): Uint8Array | undefined {
  const { privateKey, encapsulation } = params;
  const x25519Secret = xwingX25519Secret(params);
  if (!x25519Secret) return undefined;
  const { kem, x25519: own } = expand(privateKey);
  const [cipherText, ephemeralKey] = apart(encapsulation);
  const kemSecret = orUndefined(() => ml_kem768.decapsulate(cipherText, kem.secretKey));
  const sharedSecret = kemSecret && combine([kemSecret, x25519Secret, ephemeralKey, own.publicKey]);
  zero(kemSecret, x25519Secret);
  return sharedSecret;
}

/** What the X25519 part alone gives: a tenth of the work, or less. */
export function xwingX25519Secret(params: {
  privateKey: Uint8Array;
  encapsulation: Uint8Array;
}): Uint8Array | undefined {
  const { privateKey, encapsulation } = params;
  if (encapsulation.length !== XWING_ENCAPSULATION_LENGTH) return undefined;
  const [, publicKey] = apart(encapsulation);
  return x25519({ privateKey: expand(privateKey).x25519.privateKey, publicKey });
}

function expand(seed: Uint8Array): Expanded {
  const known = expandedSeeds.get(seed);
  if (known) return known;
  const bytes = shake256({ bytes: seed, length: ML_KEM_SEED_LENGTH + X25519_LENGTH });
  const [kemSeed, privateKey] = apart(bytes);
  const kem = ml_kem768.keygen(kemSeed);
  zero(bytes, kemSeed);
  const expanded = { kem, x25519: { privateKey, publicKey: x25519PublicKey(privateKey) } };
  expandedSeeds.set(seed, expanded);
  return expanded;
}

/** Copies of what is ML-KEM's and of what is X25519's, which comes last everywhere. */
function apart(bytes: Uint8Array): [Uint8Array, Uint8Array] {
  return [bytes.slice(0, -X25519_LENGTH), bytes.slice(-X25519_LENGTH)];
}

/** The shared secret comes from both secrets, and X25519's encapsulation and public key. */
function combine(parts: readonly Uint8Array[]): Uint8Array {
  return sha3_256(concatBytes(...parts, LABEL));
}

function orUndefined<T>(compute: () => T): T | undefined {
  try {
    return compute();
  } catch {
    return undefined;
  }
}
