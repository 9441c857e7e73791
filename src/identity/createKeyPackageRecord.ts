import { randomBytes, sha256 } from "#crypto";
import { XWING_SEED_LENGTH, xwingKeyPairFromSeed } from "../crypto/xwing.ts";
import { createKeyPackage } from "../mls/createKeyPackage.ts";
import type { KeyPackageSecrets } from "../mls/keyPackageSecrets.ts";
import { WEFT_GROUP_CONTEXT } from "../mls/limits.ts";
import type { Envelope } from "../wire/envelope.ts";
import { fromHex, type Hex, type InboxId, toHex } from "../wire/ids.ts";
import { buildKeyPackageEnvelope } from "../wire/keyPackageRecord.ts";
import type { Network } from "../wire/network.ts";
import type { Installation } from "./createInstallation.ts";
import { credentialOf } from "./credential.ts";

/** A key package and its secrets, as its owner keeps them. */
export type OwnKeyPackage = {
  /** SHA-256 of the KeyPackage: its name in Welcomes. */
  readonly hash: Hex;
  readonly generation: number;
  /** Seconds since 1970. */
  readonly expiresAt: number;
  readonly keyPackage: Uint8Array;
  readonly secrets: KeyPackageSecrets;
  /** The X-Wing seed that opens wrapped Welcomes. */
  readonly wrapperSeed: Uint8Array;
};

export const KEY_PACKAGE_LIFETIME_SECONDS = 90 * 24 * 3600;
/** How much earlier a key package is valid from: others' clocks may be behind. */
const CLOCK_TOLERANCE_SECONDS = 24 * 3600;

/**
 * Makes a fresh key package with its post-quantum wrapper key, signed for publication. `generation` has to go up by one
 * each time.
 */
export function createKeyPackageRecord(params: {
  network: Network;
  inbox: InboxId;
  installation: Installation;
  generation: number;
  nowMs: number;
}): { own: OwnKeyPackage; envelope: Envelope } {
  const { network, inbox, installation, generation } = params;
  const now = Math.floor(params.nowMs / 1000);
  const expiresAt = now + KEY_PACKAGE_LIFETIME_SECONDS;
  const { keyPackage, secrets } = createKeyPackage({
    identity: credentialOf(inbox),
    signatureKey: { publicKey: fromHex(installation.key), privateKey: installation.privateKey },
    capabilitiesExtensions: [WEFT_GROUP_CONTEXT],
    lifetime: { notBefore: now - CLOCK_TOLERANCE_SECONDS, notAfter: expiresAt },
  });
  const wrapperSeed = randomBytes(XWING_SEED_LENGTH);
  const envelope = buildKeyPackageEnvelope({
    record: {
      chainId: network.chainId,
      registry: network.identityRegistry,
      inbox,
      installation: installation.key,
      generation,
      expiresAt,
      keyPackage,
      wrapperKey: xwingKeyPairFromSeed(wrapperSeed).publicKey,
    },
    installationPrivateKey: installation.privateKey,
  });
  const hash = toHex(sha256(keyPackage));
  return { own: { hash, generation, expiresAt, keyPackage, secrets, wrapperSeed }, envelope };
}
