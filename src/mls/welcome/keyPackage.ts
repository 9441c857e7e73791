import { concatBytes } from "../../crypto/concatBytes.ts";
import { type Extension, encodeExtensions, readExtensions } from "../codec/extension.ts";
import { outsideProfile } from "../codec/malformed.ts";
import { type Reader, readOpaqueOf, readUint16 } from "../codec/read.ts";
import { opaque, uint16 } from "../codec/write.ts";
import { signWithLabel, verifyWithLabel } from "../label/signWithLabel.ts";
import { CIPHER_SUITE, KEY_LENGTH, PROTOCOL_VERSION, SIGNATURE_LENGTH } from "../limits.ts";
import { type LeafNode, readLeafNode } from "../tree/leafNode.ts";

/** KeyPackage (RFC 9420, section 10) of the one version and suite. */
export type KeyPackage = {
  readonly initKey: Uint8Array;
  readonly leaf: LeafNode;
  readonly extensions: readonly Extension[];
  readonly signature: Uint8Array;
  /** The exact bytes, signature included. */
  readonly encoded: Uint8Array;
};

const signatureLabel = "KeyPackageTBS";

export function signKeyPackage(params: {
  initKey: Uint8Array;
  leaf: LeafNode;
  privateKey: Uint8Array;
}): KeyPackage {
  const { initKey, leaf, privateKey } = params;
  const content = concatBytes(
    uint16(PROTOCOL_VERSION),
    uint16(CIPHER_SUITE),
    opaque(initKey),
    leaf.encoded,
    encodeExtensions([]),
  );
  const signature = signWithLabel({ privateKey, label: signatureLabel, content });
  return { initKey, leaf, extensions: [], signature, encoded: concatBytes(content, opaque(signature)) };
}

export function hasValidKeyPackageSignature(keyPackage: KeyPackage): boolean {
  const { encoded, signature, leaf } = keyPackage;
  const content = encoded.subarray(0, encoded.length - opaque(signature).length);
  return verifyWithLabel({ publicKey: leaf.signatureKey, label: signatureLabel, content, signature });
}

export function readKeyPackage(reader: Reader): KeyPackage {
  const start = reader.at;
  if (readUint16(reader) !== PROTOCOL_VERSION || readUint16(reader) !== CIPHER_SUITE) {
    throw outsideProfile("a key package of another version or cipher suite");
  }
  const initKey = readOpaqueOf(reader, KEY_LENGTH);
  const leaf = readLeafNode(reader);
  const extensions = readExtensions(reader);
  const signature = readOpaqueOf(reader, SIGNATURE_LENGTH);
  return { initKey, leaf, extensions, signature, encoded: reader.bytes.slice(start, reader.at) };
}
