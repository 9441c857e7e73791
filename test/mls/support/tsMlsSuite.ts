import type { CiphersuiteImpl } from "ts-mls";
import {
  generateEd25519,
  generateX25519,
  hkdfExpand,
  hkdfExtract,
  hmacSha256,
  openAead,
  randomBytes,
  sealAead,
  sha256,
  signEd25519,
  verifyEd25519,
} from "#crypto";
import { equalBytes } from "../../../src/crypto/equalBytes.ts";
import { deriveX25519KeyPair, dhkemX25519, openHpke, sealHpke } from "../../../src/crypto/hpke.ts";

/** Keys of ts-mls are WebCrypto's; here they carry raw bytes. */
type Key = Awaited<ReturnType<CiphersuiteImpl["hpke"]["importPublicKey"]>>;
type SecretKey = Awaited<ReturnType<CiphersuiteImpl["hpke"]["importPrivateKey"]>>;
const toPublic = (bytes: Uint8Array) => ({ bytes }) as unknown as Key;
const toPrivate = (bytes: Uint8Array) => ({ bytes }) as unknown as SecretKey;
const raw = (key: unknown) => (key as { bytes: Uint8Array }).bytes;

const kem = dhkemX25519;
const EMPTY = new Uint8Array(0);

/** Suite 3 for ts-mls on this project's primitives: the packages that it would load for it are not installed. */
export const tsMlsSuite: CiphersuiteImpl = {
  name: "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519",
  hash: {
    digest: async (bytes) => sha256(bytes),
    mac: async (key, bytes) => hmacSha256({ key, bytes }),
    verifyMac: async (key, mac, bytes) => equalBytes(mac, hmacSha256({ key, bytes })),
  },
  kdf: {
    size: 32,
    extract: async (salt, ikm) => hkdfExtract({ salt, ikm }),
    expand: async (prk, info, length) => hkdfExpand({ prk, info, length }),
  },
  signature: {
    sign: async (privateKey, message) => signEd25519({ privateKey, message }),
    verify: async (publicKey, message, signature) => verifyEd25519({ publicKey, message, signature }),
    keygen: async () => {
      const { publicKey, privateKey } = generateEd25519();
      return { publicKey, signKey: privateKey };
    },
  },
  rng: { randomBytes },
  hpke: {
    keyLength: 32,
    nonceLength: 12,
    seal: async (publicKey, plaintext, info, aad = EMPTY) => {
      const sealed = sealHpke({ kem, publicKey: raw(publicKey), info, aad, plaintext });
      return { ct: sealed.ciphertext, enc: sealed.encapsulation };
    },
    open: async (privateKey, encapsulation, ciphertext, info, aad = EMPTY) => {
      const opened = openHpke({ kem, privateKey: raw(privateKey), encapsulation, info, aad, ciphertext });
      if (!opened) throw new Error("does not open");
      return opened;
    },
    importPrivateKey: async (bytes) => toPrivate(bytes),
    importPublicKey: async (bytes) => toPublic(bytes),
    exportPublicKey: async (key) => raw(key),
    exportPrivateKey: async (key) => raw(key),
    encryptAead: async (key, nonce, aad, plaintext) => sealAead({ key, nonce, aad: aad ?? EMPTY, plaintext }),
    decryptAead: async (key, nonce, aad, ciphertext) => {
      const opened = openAead({ key, nonce, aad: aad ?? EMPTY, ciphertext });
      if (!opened) throw new Error("does not open");
      return opened;
    },
    exportSecret: () => Promise.reject(new Error("external commits are outside the profile")),
    importSecret: () => Promise.reject(new Error("external commits are outside the profile")),
    deriveKeyPair: async (ikm) => {
      const pair = deriveX25519KeyPair(ikm);
      return { publicKey: toPublic(pair.publicKey), privateKey: toPrivate(pair.privateKey) };
    },
    generateKeyPair: async () => {
      const pair = generateX25519();
      return { publicKey: toPublic(pair.publicKey), privateKey: toPrivate(pair.privateKey) };
    },
  },
};
