import { concatBytes } from "../../crypto/concatBytes.ts";
import { opaque, uint8, uint16, uint32, uint64 } from "../codec/write.ts";
import { PROTOCOL_VERSION } from "../limits.ts";

/** What all messages of members have in common (RFC 9420, section 6). */

export const wireFormats = { public: 1, private: 2 } as const;
export const contentTypes = { application: 1, proposal: 2, commit: 3 } as const;
export const MEMBER_SENDER = 1;
export const framedContentLabel = "FramedContentTBS";

export type WireFormat = keyof typeof wireFormats;
export type ContentType = keyof typeof contentTypes;

/** Encodes a member's FramedContent; `body` is an encoded Commit, or an encoded vector of application bytes. */
export function encodeFramedContent(params: {
  groupId: Uint8Array;
  epoch: number;
  leafIndex: number;
  authenticatedData: Uint8Array;
  contentType: ContentType;
  body: Uint8Array;
}): Uint8Array {
  return concatBytes(
    opaque(params.groupId),
    uint64(params.epoch),
    uint8(MEMBER_SENDER),
    uint32(params.leafIndex),
    opaque(params.authenticatedData),
    uint8(contentTypes[params.contentType]),
    params.body,
  );
}

/** Encodes a member's FramedContentTBS: what the signature covers. */
export function framedContentTbs(params: {
  wireFormat: WireFormat;
  content: Uint8Array;
  encodedContext: Uint8Array;
}): Uint8Array {
  const { wireFormat, content, encodedContext } = params;
  return concatBytes(uint16(PROTOCOL_VERSION), uint16(wireFormats[wireFormat]), content, encodedContext);
}
