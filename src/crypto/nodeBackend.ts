import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  ECDH,
  generateKeyPairSync,
  hash,
  type KeyObject,
  randomFillSync,
  scrypt as scryptBy,
  sign,
  verify,
} from "node:crypto";
import type { CryptoBackend, KeyPair } from "./api.ts";
import { concatBytes } from "./concatBytes.ts";
import { equalBytes } from "./equalBytes.ts";
import { isSmallOrderEd25519 } from "./isSmallOrderEd25519.ts";

/**
 * `CryptoBackend` on node:crypto. Parsing a key costs as much as using it, so parsed keys are kept: public keys in
 * a bounded map, private keys for as long as their bytes live.
 */

const MAX_CACHED_PUBLIC_KEYS = 4096;
const KEY_LENGTH = 32;
const SIGNATURE_LENGTH = 64;
const HASH_LENGTH = 32;
const HMAC_BLOCK_LENGTH = 64;
const TAG_LENGTH = 16;
const SCRYPT_R = 8;
const aead = "chacha20-poly1305";
const p256Order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
/** DER up to the key bytes: PKCS #8 (RFC 5958) without public key, SubjectPublicKeyInfo with a compressed point. */
const p256PrivatePrefix = Buffer.from(
  "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420",
  "hex",
);
const p256PublicPrefix = Buffer.from("3039301306072a8648ce3d020106082a8648ce3d030107032200", "hex");

type Curve = "X25519" | "Ed25519" | "P-256";

const publicKeys = new Map<string, KeyObject>();
const privateKeys = new WeakMap<Uint8Array, { bytes: Uint8Array; keyObject: KeyObject }>();

export const randomBytes: CryptoBackend["randomBytes"] = (length) => randomFillSync(new Uint8Array(length));

export const sha256: CryptoBackend["sha256"] = (bytes) => plain(hash("sha256", bytes, "buffer"));

/** By way of text, which costs less than a buffer. */
export const sha256Start: CryptoBackend["sha256Start"] = (bytes) =>
  Number.parseInt(hash("sha256", bytes, "hex").slice(0, 8), 16);

export const shake256: CryptoBackend["shake256"] = ({ bytes, length }) =>
  plain(createHash("shake256", { outputLength: length }).update(bytes).digest());

/** Two one-shot hashes: five times faster than `createHmac` for the short inputs of a key schedule. */
export const hmacSha256: CryptoBackend["hmacSha256"] = ({ key, bytes }) => {
  const blockKey = key.length > HMAC_BLOCK_LENGTH ? sha256(key) : key;
  const inner = new Uint8Array(HMAC_BLOCK_LENGTH + bytes.length).fill(0x36, 0, HMAC_BLOCK_LENGTH);
  const outer = new Uint8Array(HMAC_BLOCK_LENGTH + HASH_LENGTH).fill(0x5c, 0, HMAC_BLOCK_LENGTH);
  for (let i = 0; i < blockKey.length; i++) {
    const byte = blockKey[i] ?? 0;
    inner[i] = byte ^ 0x36;
    outer[i] = byte ^ 0x5c;
  }
  inner.set(bytes, HMAC_BLOCK_LENGTH);
  outer.set(sha256(inner), HMAC_BLOCK_LENGTH);
  const mac = sha256(outer);
  inner.fill(0);
  outer.fill(0);
  return mac;
};

export const hkdfExtract: CryptoBackend["hkdfExtract"] = ({ salt, ikm }) =>
  hmacSha256({ key: salt, bytes: ikm });

export const hkdfExpand: CryptoBackend["hkdfExpand"] = ({ prk, info, length }) => {
  const output = new Uint8Array(length);
  let block: Uint8Array = new Uint8Array(0);
  for (let at = 0, count = 1; at < length; at += HASH_LENGTH, count++) {
    block = hmacSha256({ key: prk, bytes: concatBytes(block, info, Uint8Array.of(count)) });
    output.set(block.subarray(0, length - at), at);
  }
  return output;
};

export const scrypt: CryptoBackend["scrypt"] = ({ password, salt, log2N, length }) => {
  const N = 2 ** log2N;
  const options = { N, r: SCRYPT_R, p: 1, maxmem: 128 * SCRYPT_R * (N + SCRYPT_R) };
  return new Promise((resolve, reject) => {
    scryptBy(password, salt, length, options, (error, key) => (error ? reject(error) : resolve(plain(key))));
  });
};

export const sealAead: CryptoBackend["sealAead"] = ({ key, nonce, aad, plaintext }) => {
  const cipher = createCipheriv(aead, key, nonce, { authTagLength: TAG_LENGTH });
  cipher.setAAD(aad, { plaintextLength: plaintext.length });
  const sealed = new Uint8Array(plaintext.length + TAG_LENGTH);
  sealed.set(cipher.update(plaintext));
  cipher.final();
  sealed.set(cipher.getAuthTag(), plaintext.length);
  return sealed;
};

export const openAead: CryptoBackend["openAead"] = ({ key, nonce, aad, ciphertext }) => {
  if (ciphertext.length < TAG_LENGTH) return undefined;
  const length = ciphertext.length - TAG_LENGTH;
  const decipher = createDecipheriv(aead, key, nonce, { authTagLength: TAG_LENGTH });
  decipher.setAAD(aad, { plaintextLength: length });
  decipher.setAuthTag(ciphertext.subarray(length));
  const plaintext = plain(decipher.update(ciphertext.subarray(0, length)));
  try {
    decipher.final();
    return plaintext;
  } catch {
    plaintext.fill(0);
    return undefined;
  }
};

export const generateX25519: CryptoBackend["generateX25519"] = () =>
  keyPairFrom(generateKeyPairSync("x25519").privateKey);

export const x25519PublicKey: CryptoBackend["x25519PublicKey"] = (privateKey) =>
  publicKeyOf(privateKeyObject("X25519", privateKey));

export const x25519: CryptoBackend["x25519"] = ({ privateKey, publicKey }) => {
  if (publicKey.length !== KEY_LENGTH) return undefined;
  const own = privateKeyObject("X25519", privateKey);
  const peer = publicKeyObject("X25519", publicKey);
  try {
    return plain(diffieHellman({ privateKey: own, publicKey: peer }));
  } catch {
    return undefined;
  }
};

export const generateEd25519: CryptoBackend["generateEd25519"] = () =>
  keyPairFrom(generateKeyPairSync("ed25519").privateKey);

export const ed25519PublicKey: CryptoBackend["ed25519PublicKey"] = (privateKey) =>
  publicKeyOf(privateKeyObject("Ed25519", privateKey));

export const signEd25519: CryptoBackend["signEd25519"] = ({ privateKey, message }) =>
  plain(sign(null, message, privateKeyObject("Ed25519", privateKey)));

export const verifyEd25519: CryptoBackend["verifyEd25519"] = ({ publicKey, message, signature }) =>
  publicKey.length === KEY_LENGTH &&
  signature.length === SIGNATURE_LENGTH &&
  !isSmallOrderEd25519(publicKey) &&
  verify(null, message, publicKeyObject("Ed25519", publicKey), signature);

export const generateP256: CryptoBackend["generateP256"] = () => {
  const ecdh = createECDH("prime256v1");
  ecdh.generateKeys();
  const privateKey = leftPad(ecdh.getPrivateKey());
  return { publicKey: compressed(ecdh), privateKey };
};

export const p256PublicKey: CryptoBackend["p256PublicKey"] = (privateKey) => {
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(privateKey);
  return compressed(ecdh);
};

export const signP256: CryptoBackend["signP256"] = ({ privateKey, message }) => {
  const key = privateKeyObject("P-256", privateKey);
  const signature = plain(sign("sha256", message, { key, dsaEncoding: "ieee-p1363" }));
  const s = bigEndian(signature.subarray(KEY_LENGTH));
  if (s <= p256Order / 2n) return signature;
  signature.set(Buffer.from((p256Order - s).toString(16).padStart(SIGNATURE_LENGTH, "0"), "hex"), KEY_LENGTH);
  return signature;
};

export const uncompressP256: CryptoBackend["uncompressP256"] = (publicKey) => {
  // OpenSSL takes two more forms, which no key has: hybrid ones (X9.62, first byte 6 or 7) and the point at infinity.
  if (publicKey[0] === undefined || publicKey[0] < 2 || publicKey[0] > 4) return undefined;
  try {
    return plain(ECDH.convertKey(publicKey, "prime256v1", undefined, undefined, "uncompressed") as Buffer);
  } catch {
    return undefined;
  }
};

export const verifyP256: CryptoBackend["verifyP256"] = ({ publicKey, message, signature }) => {
  if (publicKey.length !== KEY_LENGTH + 1 || signature.length !== SIGNATURE_LENGTH) return false;
  if (bigEndian(signature.subarray(KEY_LENGTH)) > p256Order / 2n) return false;
  try {
    const key = publicKeyObject("P-256", publicKey);
    return verify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, signature);
  } catch {
    return false;
  }
};

function publicKeyObject(curve: Curve, bytes: Uint8Array): KeyObject {
  const id = curve + base64Url(bytes);
  const cached = publicKeys.get(id);
  if (cached) {
    publicKeys.delete(id);
    publicKeys.set(id, cached);
    return cached;
  }
  const keyObject =
    curve === "P-256"
      ? createPublicKey({ key: derOf(p256PublicPrefix, bytes), format: "der", type: "spki" })
      : createPublicKey({ key: { kty: "OKP", crv: curve, x: base64Url(bytes) }, format: "jwk" });
  if (publicKeys.size >= MAX_CACHED_PUBLIC_KEYS) {
    for (const oldest of publicKeys.keys()) {
      publicKeys.delete(oldest);
      break;
    }
  }
  publicKeys.set(id, keyObject);
  return keyObject;
}

/** The copy of the bytes tells whether the caller has overwritten the array since. */
function privateKeyObject(curve: Curve, bytes: Uint8Array): KeyObject {
  const cached = privateKeys.get(bytes);
  if (cached && isOfCurve(cached.keyObject, curve) && equalBytes(cached.bytes, bytes))
    return cached.keyObject;
  const keyObject = parsePrivateKey(curve, bytes);
  privateKeys.set(bytes, { bytes: Uint8Array.from(bytes), keyObject });
  return keyObject;
}

function parsePrivateKey(curve: Curve, bytes: Uint8Array): KeyObject {
  if (bytes.length !== KEY_LENGTH) throw new RangeError(`a private key has ${KEY_LENGTH} bytes`);
  if (curve === "P-256") {
    return createPrivateKey({ key: derOf(p256PrivatePrefix, bytes), format: "der", type: "pkcs8" });
  }
  const d = base64Url(bytes);
  return createPrivateKey({ key: { kty: "OKP", crv: curve, d, x: d }, format: "jwk" });
}

function isOfCurve(keyObject: KeyObject, curve: Curve): boolean {
  return keyObject.asymmetricKeyType === (curve === "P-256" ? "ec" : curve.toLowerCase());
}

function keyPairFrom(keyObject: KeyObject): KeyPair {
  const jwk = keyObject.export({ format: "jwk" });
  const privateKey = fromBase64Url(jwk.d);
  privateKeys.set(privateKey, { bytes: Uint8Array.from(privateKey), keyObject });
  return { publicKey: fromBase64Url(jwk.x), privateKey };
}

function publicKeyOf(keyObject: KeyObject): Uint8Array {
  return fromBase64Url(keyObject.export({ format: "jwk" }).x);
}

/** The typings lack the form that returns bytes in compressed form. */
function compressed(ecdh: ECDH): Uint8Array {
  return new Uint8Array(Buffer.from(ecdh.getPublicKey("hex", "compressed"), "hex"));
}

function derOf(prefix: Uint8Array, bytes: Uint8Array): Buffer {
  return Buffer.concat([prefix, bytes]);
}

function leftPad(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(KEY_LENGTH);
  padded.set(bytes, KEY_LENGTH - bytes.length);
  return padded;
}

function bigEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64url");
}

function fromBase64Url(text: string | undefined): Uint8Array {
  return new Uint8Array(Buffer.from(text ?? "", "base64url"));
}

/** A view without Buffer's own `slice`, which shares memory where Uint8Array's copies. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
