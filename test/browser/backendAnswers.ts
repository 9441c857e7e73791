import type { CryptoBackend } from "../../src/crypto/api.ts";
import { fromHex, type Hex, toHex } from "../../src/wire/ids.ts";

const seed = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const message = new Uint8Array(300).map((_, i) => (i * 7) & 0xff);
const aead = { key: seed(3), nonce: new Uint8Array(12).fill(4), aad: message.subarray(0, 40) };

/** What a backend computes from fixed inputs, wherever one answer is right. */
export function backendAnswers(backend: CryptoBackend): Record<string, Hex | boolean | undefined> {
  const sealed = backend.sealAead({ ...aead, plaintext: message });
  const prk = backend.hkdfExtract({ salt: seed(1), ikm: message });
  const peer = backend.x25519PublicKey(seed(6));
  const edKey = backend.ed25519PublicKey(seed(7));
  const edSignature = backend.signEd25519({ privateKey: seed(7), message });
  const hex = (bytes: Uint8Array | undefined): Hex | undefined => bytes && toHex(bytes);
  return {
    sha256: hex(backend.sha256(message)),
    shake256: hex(backend.shake256({ bytes: message, length: 256 })),
    hmacSha256: hex(backend.hmacSha256({ key: seed(2), bytes: message })),
    hkdfExtract: hex(prk),
    hkdfExpand: hex(backend.hkdfExpand({ prk, info: message, length: 100 })),
    sealAead: hex(sealed),
    openAead: hex(backend.openAead({ ...aead, ciphertext: sealed })),
    openedFalsified: hex(backend.openAead({ ...aead, ciphertext: flipped(sealed) })),
    x25519PublicKey: hex(peer),
    x25519: hex(backend.x25519({ privateKey: seed(5), publicKey: peer })),
    x25519OfNothing: hex(backend.x25519({ privateKey: seed(5), publicKey: seed(0) })),
    ed25519PublicKey: hex(edKey),
    signEd25519: hex(edSignature),
    verifyEd25519: backend.verifyEd25519({ publicKey: edKey, message, signature: edSignature }),
    verifiedFalsified: backend.verifyEd25519({ publicKey: edKey, message, signature: flipped(edSignature) }),
    p256PublicKey: hex(backend.p256PublicKey(seed(8))),
  };
}

/** Fresh keys and what was made with them, for the other backend to check: here no two answers are the same. */
export function backendProofs(backend: CryptoBackend) {
  const p256 = backend.generateP256();
  const ed25519 = backend.generateEd25519();
  const x25519 = backend.generateX25519();
  return {
    p256PublicKey: toHex(p256.publicKey),
    p256Signature: toHex(backend.signP256({ privateKey: p256.privateKey, message })),
    ed25519PublicKey: toHex(ed25519.publicKey),
    ed25519Signature: toHex(backend.signEd25519({ privateKey: ed25519.privateKey, message })),
    x25519PublicKey: toHex(x25519.publicKey),
    x25519Secret: toHex(
      backend.x25519({ privateKey: x25519.privateKey, publicKey: backend.x25519PublicKey(seed(9)) }) ??
        new Uint8Array(),
    ),
  };
}

export function checkProofs(backend: CryptoBackend, proofs: ReturnType<typeof backendProofs>) {
  const publicKey = fromHex(proofs.p256PublicKey);
  const signature = fromHex(proofs.p256Signature);
  const edKey = fromHex(proofs.ed25519PublicKey);
  const edSignature = fromHex(proofs.ed25519Signature);
  const secret = backend.x25519({ privateKey: seed(9), publicKey: fromHex(proofs.x25519PublicKey) });
  return {
    p256: backend.verifyP256({ publicKey, message, signature }),
    p256Falsified: backend.verifyP256({ publicKey, message, signature: flipped(signature) }),
    ed25519: backend.verifyEd25519({ publicKey: edKey, message, signature: edSignature }),
    x25519: secret !== undefined && toHex(secret) === proofs.x25519Secret,
  };
}

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[20] = (copy[20] ?? 0) ^ 1;
  return copy;
}
