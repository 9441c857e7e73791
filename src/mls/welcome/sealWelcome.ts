import { sealAead } from "#crypto";
import { zero } from "../../crypto/zero.ts";
import type { GroupContext } from "../epoch/groupContext.ts";
import { deriveWelcomeSecret } from "../epoch/keySchedule.ts";
import { keyPackageRef } from "../keyPackageRef.ts";
import { encodeHpkeCiphertext, encryptWithLabel } from "../label/encryptWithLabel.ts";
import { expandWithLabel } from "../label/expandWithLabel.ts";
import { KEY_LENGTH, NONCE_LENGTH } from "../limits.ts";
import { signGroupInfo } from "./groupInfo.ts";
import { encodeGroupSecrets } from "./groupSecrets.ts";
import type { KeyPackage } from "./keyPackage.ts";

/**
 * A Welcome in parts (RFC 9420, section 12.4.3.1): the GroupInfo once, without the ratchet tree, and the secrets that
 * open it for each joiner (an encoded HPKECiphertext), in the order of the Adds.
 */
export type Welcome = {
  readonly encryptedGroupInfo: Uint8Array;
  readonly groupSecrets: readonly {
    readonly keyPackageRef: Uint8Array;
    readonly encryptedGroupSecrets: Uint8Array;
  }[];
};

export type Joiner = { readonly keyPackage: KeyPackage; readonly pathSecret: Uint8Array | undefined };

export function sealWelcome(params: {
  context: GroupContext;
  confirmationTag: Uint8Array;
  signer: number;
  privateKey: Uint8Array;
  joinerSecret: Uint8Array;
  joiners: readonly Joiner[];
}): Welcome {
  const { joinerSecret } = params;
  const { key, nonce } = welcomeKeys(joinerSecret);
  const aad = new Uint8Array(0);
  const encryptedGroupInfo = sealAead({ key, nonce, aad, plaintext: signGroupInfo(params) });
  zero(key, nonce);
  const groupSecrets = params.joiners.map(({ keyPackage, pathSecret }) => {
    const plaintext = encodeGroupSecrets({ joinerSecret, pathSecret });
    const sealed = encryptWithLabel({
      publicKey: keyPackage.initKey,
      label: "Welcome",
      context: encryptedGroupInfo,
      plaintext,
    });
    zero(plaintext);
    return {
      keyPackageRef: keyPackageRef(keyPackage.encoded),
      encryptedGroupSecrets: encodeHpkeCiphertext(sealed),
    };
  });
  return { encryptedGroupInfo, groupSecrets };
}

export function welcomeKeys(joinerSecret: Uint8Array): { key: Uint8Array; nonce: Uint8Array } {
  const secret = deriveWelcomeSecret(joinerSecret);
  const context = new Uint8Array(0);
  const key = expandWithLabel({ secret, label: "key", context, length: KEY_LENGTH });
  const nonce = expandWithLabel({ secret, label: "nonce", context, length: NONCE_LENGTH });
  zero(secret);
  return { key, nonce };
}
