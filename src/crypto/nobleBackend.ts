import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ed25519, x25519 as noblex25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { expand, extract } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { scryptAsync } from "@noble/hashes/scrypt.js";
import { sha256 as sha2, sha512 } from "@noble/hashes/sha2.js";
import { shake256 as shake } from "@noble/hashes/sha3.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { CryptoBackend } from "./api.ts";
import { concatBytes } from "./concatBytes.ts";
import { equalBytes } from "./equalBytes.ts";
import { isSmallOrderEd25519 } from "./isSmallOrderEd25519.ts";

/** `CryptoBackend` on @noble: for browsers, and wherever node:crypto is missing. */

const MAX_RANDOM_BYTES = 65_536;
const KEY_LENGTH = 32;
const SIGNATURE_LENGTH = 64;
const ed25519Order = ed25519.Point.Fn.ORDER;

export const randomBytes: CryptoBackend["randomBytes"] = (length) => {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += MAX_RANDOM_BYTES) {
    crypto.getRandomValues(bytes.subarray(at, at + MAX_RANDOM_BYTES));
  }
  return bytes;
};

export const sha256: CryptoBackend["sha256"] = (bytes) => sha2(bytes);

export const sha256Start: CryptoBackend["sha256Start"] = (bytes) =>
  new DataView(sha2(bytes).buffer).getUint32(0);

export const shake256: CryptoBackend["shake256"] = ({ bytes, length }) => shake(bytes, { dkLen: length });

export const hmacSha256: CryptoBackend["hmacSha256"] = ({ key, bytes }) => hmac(sha2, key, bytes);

export const hkdfExtract: CryptoBackend["hkdfExtract"] = ({ salt, ikm }) => extract(sha2, ikm, salt);

export const hkdfExpand: CryptoBackend["hkdfExpand"] = ({ prk, info, length }) =>
  expand(sha2, prk, info, length);

export const scrypt: CryptoBackend["scrypt"] = ({ password, salt, log2N, length }) =>
  scryptAsync(password, salt, { N: 2 ** log2N, r: 8, p: 1, dkLen: length });

export const sealAead: CryptoBackend["sealAead"] = ({ key, nonce, aad, plaintext }) =>
  chacha20poly1305(key, nonce, aad).encrypt(plaintext);

export const openAead: CryptoBackend["openAead"] = ({ key, nonce, aad, ciphertext }) => {
  const cipher = chacha20poly1305(key, nonce, aad);
  try {
    return cipher.decrypt(ciphertext);
  } catch {
    return undefined;
  }
};

export const generateX25519: CryptoBackend["generateX25519"] = () => {
  const privateKey = randomBytes(KEY_LENGTH);
  return { privateKey, publicKey: x25519PublicKey(privateKey) };
};

export const x25519PublicKey: CryptoBackend["x25519PublicKey"] = (privateKey) =>
  noblex25519.getPublicKey(privateKey);

export const x25519: CryptoBackend["x25519"] = ({ privateKey, publicKey }) => {
  if (publicKey.length !== KEY_LENGTH) return undefined;
  try {
    return noblex25519.getSharedSecret(privateKey, publicKey);
  } catch {
    return undefined;
  }
};

export const generateEd25519: CryptoBackend["generateEd25519"] = () => {
  const privateKey = randomBytes(KEY_LENGTH);
  return { privateKey, publicKey: ed25519PublicKey(privateKey) };
};

export const ed25519PublicKey: CryptoBackend["ed25519PublicKey"] = (privateKey) =>
  ed25519.getPublicKey(privateKey);

export const signEd25519: CryptoBackend["signEd25519"] = ({ privateKey, message }) =>
  ed25519.sign(message, privateKey);

/**
 * RFC 8032 without the cofactor, R compared as bytes: exactly what OpenSSL computes. `ed25519.verify` multiplies by
 * the cofactor, so a crafted signature would be valid in a browser and invalid under Node, and split a group.
 */
export const verifyEd25519: CryptoBackend["verifyEd25519"] = ({ publicKey, message, signature }) => {
  if (publicKey.length !== KEY_LENGTH || signature.length !== SIGNATURE_LENGTH) return false;
  if (isSmallOrderEd25519(publicKey)) return false;
  const r = signature.subarray(0, KEY_LENGTH);
  const s = littleEndian(signature.subarray(KEY_LENGTH));
  if (s >= ed25519Order) return false;
  try {
    const a = ed25519.Point.fromBytes(publicKey, true);
    const k = littleEndian(sha512(concatBytes(r, publicKey, message))) % ed25519Order;
    const sb = ed25519.Point.BASE.multiplyUnsafe(s);
    return equalBytes(sb.subtract(a.multiplyUnsafe(k)).toBytes(), r);
  } catch {
    return false;
  }
};

export const generateP256: CryptoBackend["generateP256"] = () => {
  const privateKey = p256.utils.randomSecretKey();
  return { privateKey, publicKey: p256PublicKey(privateKey) };
};

export const p256PublicKey: CryptoBackend["p256PublicKey"] = (privateKey) =>
  p256.getPublicKey(privateKey, true);

export const signP256: CryptoBackend["signP256"] = ({ privateKey, message }) =>
  p256.sign(message, privateKey, { lowS: true });

export const uncompressP256: CryptoBackend["uncompressP256"] = (publicKey) => {
  try {
    return p256.Point.fromBytes(publicKey).toBytes(false);
  } catch {
    return undefined;
  }
};

export const verifyP256: CryptoBackend["verifyP256"] = ({ publicKey, message, signature }) => {
  if (publicKey.length !== KEY_LENGTH + 1 || signature.length !== SIGNATURE_LENGTH) return false;
  try {
    return p256.verify(signature, message, publicKey, { lowS: true });
  } catch {
    return false;
  }
};

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytesToHex(Uint8Array.from(bytes).reverse())}`);
}
