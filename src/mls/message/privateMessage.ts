import { concatBytes } from "../../crypto/concatBytes.ts";
import { malformed, outsideProfile } from "../codec/malformed.ts";
import {
  type Reader,
  readBytes,
  readEpoch,
  readOpaque,
  readUint8,
  readUint16,
  readUint32,
  readWhole,
} from "../codec/read.ts";
import { opaque, uint8, uint16, uint32, uint64 } from "../codec/write.ts";
import { expandWithLabel } from "../label/expandWithLabel.ts";
import {
  HASH_LENGTH,
  KEY_LENGTH,
  MAX_GROUP_ID_BYTES,
  MAX_MESSAGE_BYTES,
  NONCE_LENGTH,
  PROTOCOL_VERSION,
} from "../limits.ts";
import { type ContentType, contentTypes, wireFormats } from "./framing.ts";

/** PrivateMessage (RFC 9420, section 6.3). */
export type PrivateMessage = {
  readonly groupId: Uint8Array;
  readonly epoch: number;
  readonly contentType: ContentType;
  readonly authenticatedData: Uint8Array;
  readonly encryptedSenderData: Uint8Array;
  readonly ciphertext: Uint8Array;
};

/** SenderData (RFC 9420, section 6.3.2). */
export type SenderData = {
  readonly leafIndex: number;
  readonly generation: number;
  readonly reuseGuard: Uint8Array;
};

export const REUSE_GUARD_LENGTH = 4;

export function encodePrivateMessage(message: PrivateMessage): Uint8Array {
  return concatBytes(
    uint16(PROTOCOL_VERSION),
    uint16(wireFormats.private),
    privateContentAad(message),
    opaque(message.encryptedSenderData),
    opaque(message.ciphertext),
  );
}

/** Decodes a PrivateMessage. Throws `malformed`, or `outside-profile` for other kinds of MLS messages. */
export function decodePrivateMessage(bytes: Uint8Array): PrivateMessage {
  if (bytes.length > MAX_MESSAGE_BYTES) throw malformed("message too long");
  return readWhole(bytes, (reader) => {
    if (readUint16(reader) !== PROTOCOL_VERSION) throw outsideProfile("another version of MLS");
    if (readUint16(reader) !== wireFormats.private) throw outsideProfile("not a PrivateMessage");
    return {
      groupId: readOpaque(reader, MAX_GROUP_ID_BYTES),
      epoch: readEpoch(reader),
      contentType: readContentType(reader),
      authenticatedData: readOpaque(reader),
      encryptedSenderData: readOpaque(reader),
      ciphertext: readOpaque(reader),
    };
  });
}

export function readContentType(reader: Reader): ContentType {
  switch (readUint8(reader)) {
    case contentTypes.application:
      return "application";
    case contentTypes.proposal:
      return "proposal";
    case contentTypes.commit:
      return "commit";
    default:
      throw malformed("unknown content type");
  }
}

/** Encodes the PrivateContentAAD (RFC 9420, section 6.3.1), which is also the first fields of the message. */
export function privateContentAad(
  message: Omit<PrivateMessage, "encryptedSenderData" | "ciphertext">,
): Uint8Array {
  return concatBytes(senderDataAad(message), opaque(message.authenticatedData));
}

/** Encodes the SenderDataAAD (RFC 9420, section 6.3.2). */
export function senderDataAad(
  message: Pick<PrivateMessage, "groupId" | "epoch" | "contentType">,
): Uint8Array {
  return concatBytes(
    opaque(message.groupId),
    uint64(message.epoch),
    uint8(contentTypes[message.contentType]),
  );
}

/** Derives key and nonce of the sender data from a sample of the ciphertext (RFC 9420, section 6.3.2). */
export function senderDataKeys(params: { senderDataSecret: Uint8Array; ciphertext: Uint8Array }): {
  key: Uint8Array;
  nonce: Uint8Array;
} {
  const { senderDataSecret: secret } = params;
  const context = params.ciphertext.subarray(0, HASH_LENGTH);
  return {
    key: expandWithLabel({ secret, label: "key", context, length: KEY_LENGTH }),
    nonce: expandWithLabel({ secret, label: "nonce", context, length: NONCE_LENGTH }),
  };
}

export function encodeSenderData({ leafIndex, generation, reuseGuard }: SenderData): Uint8Array {
  return concatBytes(uint32(leafIndex), uint32(generation), reuseGuard);
}

export function decodeSenderData(bytes: Uint8Array): SenderData {
  return readWhole(bytes, (reader) => ({
    leafIndex: readUint32(reader),
    generation: readUint32(reader),
    reuseGuard: readBytes(reader, REUSE_GUARD_LENGTH),
  }));
}

/** Gives the nonce of a generation, changed by the reuse guard (RFC 9420, section 6.3.1). */
export function guardedNonce(nonce: Uint8Array, reuseGuard: Uint8Array): Uint8Array {
  return nonce.map((byte, i) => byte ^ (reuseGuard[i] ?? 0));
}
