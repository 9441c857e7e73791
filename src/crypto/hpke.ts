import {
  generateX25519,
  hkdfExpand,
  hkdfExtract,
  openAead,
  sealAead,
  x25519,
  x25519PublicKey,
} from "#crypto";
import { WeftError } from "../errors.ts";
import type { KeyPair } from "./api.ts";
import { concatBytes } from "./concatBytes.ts";
import { decapsulateXwing, encapsulateXwing } from "./xwing.ts";
import { zero } from "./zero.ts";

const HASH_LENGTH = 32;
const KEY_LENGTH = 32;
const NONCE_LENGTH = 12;
const MODE_BASE = Uint8Array.of(0);
const KDF_AND_AEAD_IDS = [0x00, 0x01, 0x00, 0x03];
const EMPTY = new Uint8Array(0);
const VERSION_LABEL = utf8("HPKE-v1");

/** What HPKE needs of a KEM (RFC 9180, section 4). */
export type Kem = {
  readonly id: number;
  /** `undefined` if the public key is unusable. */
  readonly encapsulate: (
    publicKey: Uint8Array,
  ) => { encapsulation: Uint8Array; sharedSecret: Uint8Array } | undefined;
  readonly decapsulate: (params: {
    privateKey: Uint8Array;
    encapsulation: Uint8Array;
  }) => Uint8Array | undefined;
};

/** DHKEM(X25519, HKDF-SHA256), the KEM of MLS suite 0x0003. */
export const dhkemX25519: Kem = {
  id: 0x0020,
  encapsulate: (publicKey) => {
    const ephemeral = generateX25519();
    const encapsulation = ephemeral.publicKey;
    const dh = x25519({ privateKey: ephemeral.privateKey, publicKey });
    zero(ephemeral.privateKey);
    return (
      dh && { encapsulation, sharedSecret: extractAndExpand({ dh, encapsulation, recipient: publicKey }) }
    );
  },
  decapsulate: ({ privateKey, encapsulation }) => {
    const dh = x25519({ privateKey, publicKey: encapsulation });
    return dh && extractAndExpand({ dh, encapsulation, recipient: x25519PublicKey(privateKey) });
  },
};

/** X-Wing as an HPKE KEM: ML-KEM-768 with X25519, so what it wraps stays closed to a later quantum computer. */
export const xwingKem: Kem = {
  id: 0x647a,
  encapsulate: (publicKey) => encapsulateXwing({ publicKey }),
  decapsulate: decapsulateXwing,
};

/**
 * Single-shot base mode (RFC 9180, section 6.1) with HKDF-SHA256 and ChaCha20Poly1305.
 * Throws `malformed` if the public key is unusable.
 */
export function sealHpke(params: {
  kem: Kem;
  publicKey: Uint8Array;
  info: Uint8Array;
  aad: Uint8Array;
  plaintext: Uint8Array;
}): { encapsulation: Uint8Array; ciphertext: Uint8Array } {
  const shared = params.kem.encapsulate(params.publicKey);
  if (!shared) throw new WeftError({ code: "malformed", message: "unusable HPKE public key" });
  const { key, nonce } = keySchedule({
    kem: params.kem,
    sharedSecret: shared.sharedSecret,
    info: params.info,
  });
  const ciphertext = sealAead({ key, nonce, aad: params.aad, plaintext: params.plaintext });
  zero(key, nonce, shared.sharedSecret);
  return { encapsulation: shared.encapsulation, ciphertext };
}

/** The counterpart of `sealHpke`; `undefined` if it does not open. */
export function openHpke(params: {
  kem: Kem;
  privateKey: Uint8Array;
  encapsulation: Uint8Array;
  info: Uint8Array;
  aad: Uint8Array;
  ciphertext: Uint8Array;
}): Uint8Array | undefined {
  const { kem, privateKey, encapsulation, info } = params;
  const sharedSecret = kem.decapsulate({ privateKey, encapsulation });
  if (!sharedSecret) return undefined;
  const { key, nonce } = keySchedule({ kem, sharedSecret, info });
  const plaintext = openAead({ key, nonce, aad: params.aad, ciphertext: params.ciphertext });
  zero(key, nonce, sharedSecret);
  return plaintext;
}

/** DeriveKeyPair of DHKEM(X25519, HKDF-SHA256) (RFC 9180, section 7.1.3). */
export function deriveX25519KeyPair(inputKeyMaterial: Uint8Array): KeyPair {
  const suiteId = kemSuiteId(dhkemX25519.id);
  const secret = labeledExtract({ suiteId, salt: EMPTY, label: "dkp_prk", ikm: inputKeyMaterial });
  const privateKey = labeledExpand({ suiteId, prk: secret, label: "sk", info: EMPTY, length: KEY_LENGTH });
  zero(secret);
  return { privateKey, publicKey: x25519PublicKey(privateKey) };
}

/** ExtractAndExpand (RFC 9180, section 4.1). */
function extractAndExpand(params: {
  dh: Uint8Array;
  encapsulation: Uint8Array;
  recipient: Uint8Array;
}): Uint8Array {
  const suiteId = kemSuiteId(dhkemX25519.id);
  const prk = labeledExtract({ suiteId, salt: EMPTY, label: "eae_prk", ikm: params.dh });
  const info = concatBytes(params.encapsulation, params.recipient);
  const secret = labeledExpand({ suiteId, prk, label: "shared_secret", info, length: HASH_LENGTH });
  zero(params.dh, prk);
  return secret;
}

/** KeySchedule in base mode, first sequence number only (RFC 9180, section 5.1). */
function keySchedule(params: { kem: Kem; sharedSecret: Uint8Array; info: Uint8Array }): {
  key: Uint8Array;
  nonce: Uint8Array;
} {
  const suiteId = concatBytes(utf8("HPKE"), Uint8Array.from([...uint16(params.kem.id), ...KDF_AND_AEAD_IDS]));
  const pskIdHash = labeledExtract({ suiteId, salt: EMPTY, label: "psk_id_hash", ikm: EMPTY });
  const infoHash = labeledExtract({ suiteId, salt: EMPTY, label: "info_hash", ikm: params.info });
  const info = concatBytes(MODE_BASE, pskIdHash, infoHash);
  const prk = labeledExtract({ suiteId, salt: params.sharedSecret, label: "secret", ikm: EMPTY });
  const key = labeledExpand({ suiteId, prk, label: "key", info, length: KEY_LENGTH });
  const nonce = labeledExpand({ suiteId, prk, label: "base_nonce", info, length: NONCE_LENGTH });
  zero(prk);
  return { key, nonce };
}

function labeledExtract(params: {
  suiteId: Uint8Array;
  salt: Uint8Array;
  label: string;
  ikm: Uint8Array;
}): Uint8Array {
  const ikm = concatBytes(VERSION_LABEL, params.suiteId, utf8(params.label), params.ikm);
  return hkdfExtract({ salt: params.salt, ikm });
}

function labeledExpand(params: {
  suiteId: Uint8Array;
  prk: Uint8Array;
  label: string;
  info: Uint8Array;
  length: number;
}): Uint8Array {
  const length = Uint8Array.from(uint16(params.length));
  const info = concatBytes(length, VERSION_LABEL, params.suiteId, utf8(params.label), params.info);
  return hkdfExpand({ prk: params.prk, info, length: params.length });
}

function kemSuiteId(id: number): Uint8Array {
  return concatBytes(utf8("KEM"), Uint8Array.from(uint16(id)));
}

function uint16(value: number): [number, number] {
  return [value >> 8, value & 0xff];
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
