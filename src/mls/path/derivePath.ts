import type { KeyPair } from "../../crypto/api.ts";
import { deriveX25519KeyPair } from "../../crypto/hpke.ts";
import { zero } from "../../crypto/zero.ts";
import { deriveSecret } from "../label/expandWithLabel.ts";

/** What a path secret gives for the nodes from its own up to the root (RFC 9420, section 7.4). */
export type DerivedPath = {
  readonly pathSecrets: readonly Uint8Array[];
  readonly keyPairs: readonly KeyPair[];
  readonly commitSecret: Uint8Array;
};

/** Derives `count` nodes, the first from `pathSecret` itself. */
export function derivePath(pathSecret: Uint8Array, count: number): DerivedPath {
  const pathSecrets: Uint8Array[] = [];
  const keyPairs: KeyPair[] = [];
  let secret = pathSecret;
  for (let i = 0; i < count; i++) {
    pathSecrets.push(secret);
    const nodeSecret = deriveSecret(secret, "node");
    keyPairs.push(deriveX25519KeyPair(nodeSecret));
    zero(nodeSecret);
    secret = deriveSecret(secret, "path");
  }
  return { pathSecrets, keyPairs, commitSecret: secret };
}
