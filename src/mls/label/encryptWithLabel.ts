import { concatBytes } from "../../crypto/concatBytes.ts";
import { dhkemX25519, openHpke, sealHpke } from "../../crypto/hpke.ts";
import { type Reader, readOpaque, readOpaqueOf } from "../codec/read.ts";
import { opaque } from "../codec/write.ts";
import { KEY_LENGTH } from "../limits.ts";
import { mlsLabel } from "./expandWithLabel.ts";

const NO_AAD = new Uint8Array(0);

/** HPKECiphertext (RFC 9420, section 7.6). */
export type HpkeCiphertext = { readonly encapsulation: Uint8Array; readonly ciphertext: Uint8Array };

/** Seals by EncryptWithLabel (RFC 9420, section 5.1.3). Throws `malformed` if the public key is unusable. */
export function encryptWithLabel(params: {
  publicKey: Uint8Array;
  label: string;
  context: Uint8Array;
  plaintext: Uint8Array;
}): HpkeCiphertext {
  const { publicKey, plaintext } = params;
  return sealHpke({ kem: dhkemX25519, publicKey, info: encryptContext(params), aad: NO_AAD, plaintext });
}

/** Opens by DecryptWithLabel (RFC 9420, section 5.1.3); undefined if it does not open. */
export function decryptWithLabel(params: {
  privateKey: Uint8Array;
  label: string;
  context: Uint8Array;
  sealed: HpkeCiphertext;
}): Uint8Array | undefined {
  const { privateKey, sealed } = params;
  return openHpke({ kem: dhkemX25519, privateKey, info: encryptContext(params), aad: NO_AAD, ...sealed });
}

export function encodeHpkeCiphertext(sealed: HpkeCiphertext): Uint8Array {
  return concatBytes(opaque(sealed.encapsulation), opaque(sealed.ciphertext));
}

export function readHpkeCiphertext(reader: Reader): HpkeCiphertext {
  return { encapsulation: readOpaqueOf(reader, KEY_LENGTH), ciphertext: readOpaque(reader) };
}

function encryptContext(params: { label: string; context: Uint8Array }): Uint8Array {
  return concatBytes(opaque(mlsLabel(params.label)), opaque(params.context));
}
