import { outsideProfile } from "./codec/malformed.ts";
import { readWhole } from "./codec/read.ts";
import { checkKeyPackage } from "./welcome/checkKeyPackage.ts";
import { readKeyPackage } from "./welcome/keyPackage.ts";

/** What a key package says of its maker. */
export type KeyPackageView = {
  readonly identity: Uint8Array;
  readonly signatureKey: Uint8Array;
  readonly initKey: Uint8Array;
  readonly encryptionKey: Uint8Array;
  /** Seconds since 1970; far values lose precision. Nobody here compares them with a clock. */
  readonly lifetime: { readonly notBefore: number; readonly notAfter: number };
};

/**
 * Reads an encoded KeyPackage and checks it: form, profile, both signatures.
 * Throws `malformed`, `outside-profile` or `bad-signature`.
 */
export function decodeKeyPackage(bytes: Uint8Array): KeyPackageView {
  const keyPackage = readWhole(bytes, readKeyPackage);
  checkKeyPackage(keyPackage);
  const { identity, signatureKey, encryptionKey, source } = keyPackage.leaf;
  if (source.kind !== "key-package") throw outsideProfile("not the leaf of a key package");
  const notBefore = Number(source.lifetime.notBefore);
  const notAfter = Number(source.lifetime.notAfter);
  return {
    ...{ identity, signatureKey, encryptionKey, initKey: keyPackage.initKey },
    lifetime: { notBefore, notAfter },
  };
}
