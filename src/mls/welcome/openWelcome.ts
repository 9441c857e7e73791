import { openAead } from "#crypto";
import { zero } from "../../crypto/zero.ts";
import { malformed } from "../codec/malformed.ts";
import { readWhole } from "../codec/read.ts";
import { decryptWithLabel, readHpkeCiphertext } from "../label/encryptWithLabel.ts";
import { type GroupInfo, readGroupInfo } from "./groupInfo.ts";
import { type GroupSecrets, readGroupSecrets } from "./groupSecrets.ts";
import { welcomeKeys } from "./sealWelcome.ts";

/** Opens both parts of a Welcome; nothing in them is judged yet. Throws `malformed` or `outside-profile`. */
export function openWelcome(params: {
  initPrivateKey: Uint8Array;
  encryptedGroupSecrets: Uint8Array;
  encryptedGroupInfo: Uint8Array;
}): { groupSecrets: GroupSecrets; groupInfo: GroupInfo } {
  const { initPrivateKey: privateKey, encryptedGroupInfo } = params;
  const sealed = readWhole(params.encryptedGroupSecrets, readHpkeCiphertext);
  const opened = decryptWithLabel({ privateKey, label: "Welcome", context: encryptedGroupInfo, sealed });
  if (!opened) throw malformed("the group secrets do not open with this key package");
  const groupSecrets = readWhole(opened, readGroupSecrets);
  zero(opened);
  const { key, nonce } = welcomeKeys(groupSecrets.joinerSecret);
  const plaintext = openAead({ key, nonce, aad: new Uint8Array(0), ciphertext: encryptedGroupInfo });
  zero(key, nonce);
  if (!plaintext) throw malformed("the GroupInfo does not open with these group secrets");
  return { groupSecrets, groupInfo: readWhole(plaintext, readGroupInfo) };
}
