import { concatBytes } from "../crypto/concatBytes.ts";
import { readBytes, readWhole } from "./codec/read.ts";
import { KEY_LENGTH } from "./limits.ts";

/** What a key package's owner keeps of it: X25519 private keys for Welcomes and for the leaf. */
export type KeyPackageSecrets = {
  readonly initPrivateKey: Uint8Array;
  readonly encryptionPrivateKey: Uint8Array;
};

export function encodeKeyPackageSecrets(secrets: KeyPackageSecrets): Uint8Array {
  return concatBytes(secrets.initPrivateKey, secrets.encryptionPrivateKey);
}

/** Decodes a key package's secrets. Throws `malformed`. */
export function decodeKeyPackageSecrets(bytes: Uint8Array): KeyPackageSecrets {
  return readWhole(bytes, (reader) => ({
    initPrivateKey: readBytes(reader, KEY_LENGTH),
    encryptionPrivateKey: readBytes(reader, KEY_LENGTH),
  }));
}
