import { outsideProfile } from "./codec/malformed.ts";
import { type Reader, readEpoch, readOpaque, readUint8, readUint16, readUint32 } from "./codec/read.ts";
import { MAX_GROUP_ID_BYTES, PROTOCOL_VERSION } from "./limits.ts";
import { type ContentType, MEMBER_SENDER, type WireFormat, wireFormats } from "./message/framing.ts";
import { readContentType } from "./message/privateMessage.ts";

/** What a message of a group says of itself in the clear; nothing of it is authenticated. */
export type MessageHeader = {
  readonly wireFormat: WireFormat;
  readonly groupId: Uint8Array;
  readonly epoch: number;
  readonly contentType: ContentType;
};

/** Reads the start of an MLSMessage without opening it. Throws `malformed` or `outside-profile`. */
export function readMessageHeader(message: Uint8Array): MessageHeader {
  const reader: Reader = { bytes: message, at: 0 };
  if (readUint16(reader) !== PROTOCOL_VERSION) throw outsideProfile("another version of MLS");
  const wireFormat = readWireFormat(reader);
  const groupId = readOpaque(reader, MAX_GROUP_ID_BYTES);
  const epoch = readEpoch(reader);
  if (wireFormat === "public") {
    if (readUint8(reader) !== MEMBER_SENDER) throw outsideProfile("the sender is not a member");
    readUint32(reader);
    readOpaque(reader);
  }
  return { wireFormat, groupId, epoch, contentType: readContentType(reader) };
}

function readWireFormat(reader: Reader): WireFormat {
  switch (readUint16(reader)) {
    case wireFormats.public:
      return "public";
    case wireFormats.private:
      return "private";
    default:
      throw outsideProfile("neither a PublicMessage nor a PrivateMessage");
  }
}
