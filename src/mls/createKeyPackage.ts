import { generateX25519 } from "#crypto";
import type { KeyPair } from "../crypto/api.ts";
import { WeftError } from "../errors.ts";
import type { KeyPackageSecrets } from "./keyPackageSecrets.ts";
import { BASIC_CREDENTIAL, CIPHER_SUITE, MAX_IDENTITY_BYTES, PROTOCOL_VERSION } from "./limits.ts";
import { signLeafNode } from "./tree/leafNode.ts";
import { signKeyPackage } from "./welcome/keyPackage.ts";

/**
 * Makes a fresh KeyPackage (RFC 9420, section 10), encoded, and the secrets that open what is sealed to it. `identity`
 * is that of the basic credential, `lifetime` in seconds since 1970.
 */
export function createKeyPackage(params: {
  identity: Uint8Array;
  signatureKey: KeyPair;
  capabilitiesExtensions: readonly number[];
  lifetime: { readonly notBefore: number; readonly notAfter: number };
}): { keyPackage: Uint8Array; secrets: KeyPackageSecrets } {
  const { identity, signatureKey, capabilitiesExtensions, lifetime } = params;
  if (identity.length > MAX_IDENTITY_BYTES) {
    throw new WeftError({
      code: "too-large",
      message: `an identity has at most ${MAX_IDENTITY_BYTES} bytes`,
    });
  }
  const init = generateX25519();
  const encryption = generateX25519();
  const leaf = signLeafNode({
    leaf: {
      encryptionKey: encryption.publicKey,
      signatureKey: signatureKey.publicKey,
      identity,
      capabilities: {
        versions: [PROTOCOL_VERSION],
        cipherSuites: [CIPHER_SUITE],
        extensions: capabilitiesExtensions,
        proposals: [],
        credentials: [BASIC_CREDENTIAL],
      },
      source: {
        kind: "key-package",
        lifetime: { notBefore: BigInt(lifetime.notBefore), notAfter: BigInt(lifetime.notAfter) },
      },
      extensions: [],
    },
    privateKey: signatureKey.privateKey,
  });
  const keyPackage = signKeyPackage({ initKey: init.publicKey, leaf, privateKey: signatureKey.privateKey });
  return {
    keyPackage: keyPackage.encoded,
    secrets: { initPrivateKey: init.privateKey, encryptionPrivateKey: encryption.privateKey },
  };
}
