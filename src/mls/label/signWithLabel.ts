import { signEd25519, verifyEd25519 } from "#crypto";
import { concatBytes } from "../../crypto/concatBytes.ts";
import { opaque } from "../codec/write.ts";
import { mlsLabel } from "./expandWithLabel.ts";

/** Signs by SignWithLabel (RFC 9420, section 5.1.2). */
export function signWithLabel(params: {
  privateKey: Uint8Array;
  label: string;
  content: Uint8Array;
}): Uint8Array {
  return signEd25519({ privateKey: params.privateKey, message: signContent(params) });
}

/** Checks a signature by VerifyWithLabel (RFC 9420, section 5.1.2). */
export function verifyWithLabel(params: {
  publicKey: Uint8Array;
  label: string;
  content: Uint8Array;
  signature: Uint8Array;
}): boolean {
  const { publicKey, signature } = params;
  return verifyEd25519({ publicKey, message: signContent(params), signature });
}

function signContent(params: { label: string; content: Uint8Array }): Uint8Array {
  return concatBytes(opaque(mlsLabel(params.label)), opaque(params.content));
}
