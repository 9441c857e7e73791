import { concatBytes } from "../../crypto/concatBytes.ts";
import { type Extension, encodeExtensions, readExtensions } from "../codec/extension.ts";
import { malformed, outsideProfile } from "../codec/malformed.ts";
import {
  type Reader,
  readList,
  readOpaque,
  readOpaqueOf,
  readUint8,
  readUint16,
  readUint64,
} from "../codec/read.ts";
import { list, opaque, uint8, uint16, uint32, uint64 } from "../codec/write.ts";
import { signWithLabel, verifyWithLabel } from "../label/signWithLabel.ts";
import {
  BASIC_CREDENTIAL,
  HASH_LENGTH,
  KEY_LENGTH,
  MAX_CAPABILITIES,
  MAX_IDENTITY_BYTES,
  SIGNATURE_LENGTH,
} from "../limits.ts";

/** LeafNode with a basic credential (RFC 9420, section 7.2). */
export type LeafNode = {
  readonly kind: "leaf";
  readonly encryptionKey: Uint8Array;
  readonly signatureKey: Uint8Array;
  /** The identity of the basic credential. */
  readonly identity: Uint8Array;
  readonly capabilities: Capabilities;
  readonly source: LeafSource;
  readonly extensions: readonly Extension[];
  readonly signature: Uint8Array;
  /** The exact bytes, signature included. */
  readonly encoded: Uint8Array;
};

export type Capabilities = {
  readonly versions: readonly number[];
  readonly cipherSuites: readonly number[];
  readonly extensions: readonly number[];
  readonly proposals: readonly number[];
  readonly credentials: readonly number[];
};

/** Seconds since 1970. */
export type Lifetime = { readonly notBefore: bigint; readonly notAfter: bigint };

export type LeafSource =
  | { readonly kind: "key-package"; readonly lifetime: Lifetime }
  | { readonly kind: "update" }
  | { readonly kind: "commit"; readonly parentHash: Uint8Array };

/** Where a leaf stands; part of what is signed unless the leaf comes from a key package. */
export type LeafPlace = { readonly groupId: Uint8Array; readonly leafIndex: number };

const sourceTags = { "key-package": 1, update: 2, commit: 3 } as const;
const signatureLabel = "LeafNodeTBS";

/** Signs a leaf. `place` is needed unless the source is a key package. */
export function signLeafNode(params: {
  leaf: Omit<LeafNode, "kind" | "signature" | "encoded">;
  place?: LeafPlace;
  privateKey: Uint8Array;
}): LeafNode {
  const unsigned = encodeUnsigned(params.leaf);
  const content = concatBytes(unsigned, encodePlace(params.place));
  const signature = signWithLabel({ privateKey: params.privateKey, label: signatureLabel, content });
  return { ...params.leaf, kind: "leaf", signature, encoded: concatBytes(unsigned, opaque(signature)) };
}

export function hasValidSignature(leaf: LeafNode, place: LeafPlace): boolean {
  const unsigned = leaf.encoded.subarray(0, leaf.encoded.length - opaque(leaf.signature).length);
  const content = leaf.source.kind === "key-package" ? unsigned : concatBytes(unsigned, encodePlace(place));
  const { signatureKey: publicKey, signature } = leaf;
  return verifyWithLabel({ publicKey, label: signatureLabel, content, signature });
}

export function readLeafNode(reader: Reader): LeafNode {
  const start = reader.at;
  const encryptionKey = readOpaqueOf(reader, KEY_LENGTH);
  const signatureKey = readOpaqueOf(reader, KEY_LENGTH);
  if (readUint16(reader) !== BASIC_CREDENTIAL) throw outsideProfile("not a basic credential");
  const identity = readOpaque(reader, MAX_IDENTITY_BYTES);
  const capabilities = {
    versions: readUint16List(reader),
    cipherSuites: readUint16List(reader),
    extensions: readUint16List(reader),
    proposals: readUint16List(reader),
    credentials: readUint16List(reader),
  };
  const source = readSource(reader);
  const extensions = readExtensions(reader);
  const signature = readOpaqueOf(reader, SIGNATURE_LENGTH);
  const encoded = reader.bytes.slice(start, reader.at);
  return {
    kind: "leaf",
    ...{ encryptionKey, signatureKey, identity, capabilities, source, extensions, signature, encoded },
  };
}

function readSource(reader: Reader): LeafSource {
  switch (readUint8(reader)) {
    case sourceTags["key-package"]:
      return {
        kind: "key-package",
        lifetime: { notBefore: readUint64(reader), notAfter: readUint64(reader) },
      };
    case sourceTags.update:
      return { kind: "update" };
    case sourceTags.commit: {
      const parentHash = readOpaque(reader, HASH_LENGTH);
      if (parentHash.length !== 0 && parentHash.length !== HASH_LENGTH) throw malformed("not a parent hash");
      return { kind: "commit", parentHash };
    }
    default:
      throw malformed("unknown source of a leaf");
  }
}

function encodeUnsigned(leaf: Omit<LeafNode, "kind" | "signature" | "encoded">): Uint8Array {
  const { capabilities, source } = leaf;
  return concatBytes(
    opaque(leaf.encryptionKey),
    opaque(leaf.signatureKey),
    uint16(BASIC_CREDENTIAL),
    opaque(leaf.identity),
    encodeUint16List(capabilities.versions),
    encodeUint16List(capabilities.cipherSuites),
    encodeUint16List(capabilities.extensions),
    encodeUint16List(capabilities.proposals),
    encodeUint16List(capabilities.credentials),
    uint8(sourceTags[source.kind]),
    encodeSource(source),
    encodeExtensions(leaf.extensions),
  );
}

function encodeSource(source: LeafSource): Uint8Array {
  switch (source.kind) {
    case "key-package":
      return concatBytes(uint64(source.lifetime.notBefore), uint64(source.lifetime.notAfter));
    case "update":
      return new Uint8Array(0);
    case "commit":
      return opaque(source.parentHash);
  }
}

function encodePlace(place: LeafPlace | undefined): Uint8Array {
  return place ? concatBytes(opaque(place.groupId), uint32(place.leafIndex)) : new Uint8Array(0);
}

function readUint16List(reader: Reader): number[] {
  return readList(reader, MAX_CAPABILITIES, readUint16);
}

function encodeUint16List(values: readonly number[]): Uint8Array {
  return list(values.map(uint16));
}
