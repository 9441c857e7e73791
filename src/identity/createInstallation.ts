import { generateEd25519 } from "#crypto";
import { asId, type InstallationKey } from "../wire/ids.ts";

/** One app on one device: an Ed25519 key. The public key is its name and its MLS signature key. */
export type Installation = {
  readonly key: InstallationKey;
  /** 32 bytes: the seed (RFC 8032). */
  readonly privateKey: Uint8Array;
};

export function createInstallation(): Installation {
  const { publicKey, privateKey } = generateEd25519();
  return { key: asId(publicKey), privateKey };
}
