import { secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { WeftError } from "../errors.ts";
import { keccak256 } from "./keccak256.ts";

const RECOVERY_OFFSET = 27;
const SIGNATURE_LENGTH = 65;
const DIGEST_LENGTH = 32;

/** A fresh private key, 32 bytes. */
export function generateSecp256k1PrivateKey(): Uint8Array {
  return secp256k1.utils.randomSecretKey();
}

/** The Ethereum address of a private key: `0x` and 40 lower-case hex digits. Throws `malformed` on a bad key. */
export function addressFromPrivateKey(privateKey: Uint8Array): `0x${string}` {
  if (!secp256k1.utils.isValidSecretKey(privateKey)) {
    throw new WeftError({ code: "malformed", message: "not a secp256k1 private key" });
  }
  return addressFromPublicKey(secp256k1.getPublicKey(privateKey, false));
}

/**
 * Signs a 32-byte digest: r ‖ s ‖ v, 65 bytes, v 27 or 28, low s (EIP-2), nonce by RFC 6979, so that the same key
 * and digest always give the same bytes. Throws `malformed` on a bad key or digest.
 */
export function signDigest(params: { privateKey: Uint8Array; digest: Uint8Array }): Uint8Array {
  if (params.digest.length !== DIGEST_LENGTH || !secp256k1.utils.isValidSecretKey(params.privateKey)) {
    throw new WeftError({ code: "malformed", message: "not a secp256k1 private key and a 32-byte digest" });
  }
  const recovered = secp256k1.sign(params.digest, params.privateKey, {
    prehash: false,
    lowS: true,
    format: "recovered",
  });
  const signature = new Uint8Array(SIGNATURE_LENGTH);
  signature.set(recovered.subarray(1));
  signature[SIGNATURE_LENGTH - 1] = (recovered[0] ?? 0) + RECOVERY_OFFSET;
  return signature;
}

/** The address whose key signed `digest`; `undefined` if the signature is malformed, has a high s or fits no key. */
export function recoverAddress(params: {
  digest: Uint8Array;
  signature: Uint8Array;
}): `0x${string}` | undefined {
  const { digest, signature } = params;
  const recovery = (signature[SIGNATURE_LENGTH - 1] ?? 0) - RECOVERY_OFFSET;
  if (digest.length !== DIGEST_LENGTH || signature.length !== SIGNATURE_LENGTH) return undefined;
  if (recovery !== 0 && recovery !== 1) return undefined;
  try {
    const parsed = secp256k1.Signature.fromBytes(signature.subarray(0, -1), "compact");
    if (parsed.hasHighS()) return undefined;
    return addressFromPublicKey(parsed.addRecoveryBit(recovery).recoverPublicKey(digest).toBytes(false));
  } catch {
    return undefined;
  }
}

function addressFromPublicKey(uncompressed: Uint8Array): `0x${string}` {
  return `0x${bytesToHex(keccak256(uncompressed.subarray(1)).subarray(12))}`;
}
