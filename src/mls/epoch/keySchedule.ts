import { hkdfExtract, hmacSha256, sha256 } from "#crypto";
import { concatBytes } from "../../crypto/concatBytes.ts";
import { zero } from "../../crypto/zero.ts";
import { opaque } from "../codec/write.ts";
import { deriveSecret, expandWithLabel } from "../label/expandWithLabel.ts";
import { HASH_LENGTH } from "../limits.ts";

/** What an epoch's members derive from its joiner secret (RFC 9420, section 8), as far as Weft uses it. */
export type EpochSecrets = {
  readonly senderDataSecret: Uint8Array;
  readonly encryptionSecret: Uint8Array;
  readonly exporterSecret: Uint8Array;
  readonly confirmationKey: Uint8Array;
  readonly membershipKey: Uint8Array;
  readonly epochAuthenticator: Uint8Array;
  readonly initSecret: Uint8Array;
};

/** The secret of a commit without a path, and of pre-shared keys, which do not exist here. */
export const NO_SECRET: Uint8Array = new Uint8Array(HASH_LENGTH);

export function deriveJoinerSecret(params: {
  initSecret: Uint8Array;
  commitSecret: Uint8Array;
  encodedContext: Uint8Array;
}): Uint8Array {
  const { initSecret, commitSecret, encodedContext: context } = params;
  const secret = hkdfExtract({ salt: initSecret, ikm: commitSecret });
  const joinerSecret = expandWithLabel({ secret, label: "joiner", context, length: HASH_LENGTH });
  zero(secret);
  return joinerSecret;
}

export function deriveWelcomeSecret(joinerSecret: Uint8Array, pskSecret = NO_SECRET): Uint8Array {
  const intermediate = hkdfExtract({ salt: joinerSecret, ikm: pskSecret });
  const welcomeSecret = deriveSecret(intermediate, "welcome");
  zero(intermediate);
  return welcomeSecret;
}

/** Derives the secrets of the epoch that the group context describes. `pskSecret` is for test vectors. */
export function deriveEpochSecrets(params: {
  joinerSecret: Uint8Array;
  encodedContext: Uint8Array;
  pskSecret?: Uint8Array;
}): EpochSecrets {
  const { joinerSecret, encodedContext: context, pskSecret = NO_SECRET } = params;
  const intermediate = hkdfExtract({ salt: joinerSecret, ikm: pskSecret });
  const epochSecret = expandWithLabel({ secret: intermediate, label: "epoch", context, length: HASH_LENGTH });
  const secrets = epochSecretsFrom(epochSecret);
  zero(intermediate, epochSecret);
  return secrets;
}

/** Derives the secrets that follow from an epoch secret; in epoch 0 that secret is random. */
export function epochSecretsFrom(epochSecret: Uint8Array): EpochSecrets {
  return {
    senderDataSecret: deriveSecret(epochSecret, "sender data"),
    encryptionSecret: deriveSecret(epochSecret, "encryption"),
    exporterSecret: deriveSecret(epochSecret, "exporter"),
    confirmationKey: deriveSecret(epochSecret, "confirm"),
    membershipKey: deriveSecret(epochSecret, "membership"),
    epochAuthenticator: deriveSecret(epochSecret, "authentication"),
    initSecret: deriveSecret(epochSecret, "init"),
  };
}

export function confirmationTagOf(params: {
  confirmationKey: Uint8Array;
  confirmedTranscriptHash: Uint8Array;
}): Uint8Array {
  return hmacSha256({ key: params.confirmationKey, bytes: params.confirmedTranscriptHash });
}

/**
 * Computes the next confirmed transcript hash. `confirmedInput` is a ConfirmedTranscriptHashInput (RFC 9420, section
 * 8.2).
 */
export function nextConfirmedTranscriptHash(params: {
  interimTranscriptHash: Uint8Array;
  confirmedInput: Uint8Array;
}): Uint8Array {
  return sha256(concatBytes(params.interimTranscriptHash, params.confirmedInput));
}

export function nextInterimTranscriptHash(params: {
  confirmedTranscriptHash: Uint8Array;
  confirmationTag: Uint8Array;
}): Uint8Array {
  return sha256(concatBytes(params.confirmedTranscriptHash, opaque(params.confirmationTag)));
}
