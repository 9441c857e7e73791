import { generateEd25519 } from "#crypto";
import type { KeyPair } from "../../../src/crypto/api.ts";
import { createKeyPackage } from "../../../src/mls/createKeyPackage.ts";
import type { KeyPackageSecrets } from "../../../src/mls/keyPackageSecrets.ts";
import { WEFT_GROUP_CONTEXT } from "../../../src/mls/limits.ts";

/** Somebody who can be in a group: a signature key and one key package. */
export type TestMember = {
  readonly name: string;
  readonly signatureKey: KeyPair;
  readonly keyPackage: Uint8Array;
  readonly secrets: KeyPackageSecrets;
};

export function makeMember(name: string, signatureKey: KeyPair = generateEd25519()): TestMember {
  const { keyPackage, secrets } = createKeyPackage({
    identity: new TextEncoder().encode(name),
    signatureKey,
    capabilitiesExtensions: [WEFT_GROUP_CONTEXT],
    lifetime: { notBefore: 0, notAfter: 4_000_000_000 },
  });
  return { name, signatureKey, keyPackage, secrets };
}
