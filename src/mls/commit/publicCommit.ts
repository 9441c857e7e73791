import { hmacSha256 } from "#crypto";
import { concatBytes } from "../../crypto/concatBytes.ts";
import { malformed, outsideProfile } from "../codec/malformed.ts";
import {
  type Reader,
  readEpoch,
  readOpaque,
  readOpaqueOf,
  readUint8,
  readUint16,
  readUint32,
  readWhole,
} from "../codec/read.ts";
import { opaque, uint16 } from "../codec/write.ts";
import {
  HASH_LENGTH,
  MAX_GROUP_ID_BYTES,
  MAX_MESSAGE_BYTES,
  PROTOCOL_VERSION,
  SIGNATURE_LENGTH,
} from "../limits.ts";
import { contentTypes, framedContentTbs, MEMBER_SENDER, wireFormats } from "../message/framing.ts";
import { type Commit, readCommit } from "./commit.ts";

/** A commit of a member as an MLSMessage with a PublicMessage (RFC 9420, section 6.2). */
export type PublicCommit = {
  readonly groupId: Uint8Array;
  readonly epoch: number;
  readonly committer: number;
  readonly authenticatedData: Uint8Array;
  readonly commit: Commit;
  /** The encoded FramedContent. */
  readonly content: Uint8Array;
  readonly signature: Uint8Array;
  readonly confirmationTag: Uint8Array;
  readonly membershipTag: Uint8Array;
};

export function encodePublicCommit(
  parts: Pick<PublicCommit, "content" | "signature" | "confirmationTag" | "membershipTag">,
): Uint8Array {
  return concatBytes(
    uint16(PROTOCOL_VERSION),
    uint16(wireFormats.public),
    parts.content,
    opaque(parts.signature),
    opaque(parts.confirmationTag),
    opaque(parts.membershipTag),
  );
}

/** Decodes a commit. Throws `malformed`, or `outside-profile` for messages that are not commits of members. */
export function decodePublicCommit(bytes: Uint8Array): PublicCommit {
  if (bytes.length > MAX_MESSAGE_BYTES) throw malformed("message too long");
  return readWhole(bytes, (reader) => {
    if (readUint16(reader) !== PROTOCOL_VERSION) throw outsideProfile("another version of MLS");
    if (readUint16(reader) !== wireFormats.public) throw outsideProfile("not a PublicMessage");
    const start = reader.at;
    const fields = readContent(reader);
    const content = bytes.slice(start, reader.at);
    return {
      ...fields,
      content,
      signature: readOpaqueOf(reader, SIGNATURE_LENGTH),
      confirmationTag: readOpaqueOf(reader, HASH_LENGTH),
      membershipTag: readOpaqueOf(reader, HASH_LENGTH),
    };
  });
}

/** Computes what the membership tag has to be (RFC 9420, section 6.2). */
export function membershipTagOf(params: {
  membershipKey: Uint8Array;
  content: Uint8Array;
  encodedContext: Uint8Array;
  signature: Uint8Array;
  confirmationTag: Uint8Array;
}): Uint8Array {
  const { membershipKey, content, encodedContext, signature, confirmationTag } = params;
  const tbs = framedContentTbs({ wireFormat: "public", content, encodedContext });
  return hmacSha256({
    key: membershipKey,
    bytes: concatBytes(tbs, opaque(signature), opaque(confirmationTag)),
  });
}

/** Encodes the ConfirmedTranscriptHashInput (RFC 9420, section 8.2). */
export function confirmedTranscriptInput(parts: { content: Uint8Array; signature: Uint8Array }): Uint8Array {
  return concatBytes(uint16(wireFormats.public), parts.content, opaque(parts.signature));
}

function readContent(
  reader: Reader,
): Pick<PublicCommit, "groupId" | "epoch" | "committer" | "authenticatedData" | "commit"> {
  const groupId = readOpaque(reader, MAX_GROUP_ID_BYTES);
  const epoch = readEpoch(reader);
  if (readUint8(reader) !== MEMBER_SENDER) throw outsideProfile("the sender is not a member");
  const committer = readUint32(reader);
  const authenticatedData = readOpaque(reader);
  if (readUint8(reader) !== contentTypes.commit) throw outsideProfile("not a commit");
  return { groupId, epoch, committer, authenticatedData, commit: readCommit(reader) };
}
