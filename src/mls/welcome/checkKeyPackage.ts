import { equalBytes } from "../../crypto/equalBytes.ts";
import { isUsableX25519 } from "../../crypto/isUsableX25519.ts";
import { WeftError } from "../../errors.ts";
import { malformed, outsideProfile } from "../codec/malformed.ts";
import { checkLeafProfile } from "../profile.ts";
import { hasValidSignature } from "../tree/leafNode.ts";
import { hasValidKeyPackageSignature, type KeyPackage } from "./keyPackage.ts";

/**
 * Validates a KeyPackage (RFC 9420, section 10.1) and its profile. Throws `malformed`, `outside-profile` or
 * `bad-signature`.
 */
export function checkKeyPackage(keyPackage: KeyPackage): void {
  const { initKey, leaf, extensions } = keyPackage;
  checkLeafProfile(leaf);
  if (leaf.source.kind !== "key-package") throw malformed("the leaf of a key package has another source");
  if (leaf.source.lifetime.notBefore > leaf.source.lifetime.notAfter) throw malformed("empty lifetime");
  if (extensions.length > 0) throw outsideProfile("extensions in a key package");
  if (!isUsableX25519(initKey)) throw malformed("unusable init key");
  if (equalBytes(initKey, leaf.encryptionKey)) throw malformed("init key and encryption key are the same");
  const place = { groupId: new Uint8Array(0), leafIndex: 0 };
  if (!hasValidSignature(leaf, place) || !hasValidKeyPackageSignature(keyPackage)) {
    throw new WeftError({ code: "bad-signature", message: "a signature of the key package does not verify" });
  }
}
