import { concatBytes } from "../../crypto/concatBytes.ts";
import { type Extension, encodeExtensions, readExtensions } from "../codec/extension.ts";
import { malformed, outsideProfile } from "../codec/malformed.ts";
import { type Reader, readEpoch, readOpaque, readOpaqueOf, readUint16 } from "../codec/read.ts";
import { opaque, uint16, uint64 } from "../codec/write.ts";
import { CIPHER_SUITE, HASH_LENGTH, MAX_GROUP_ID_BYTES, PROTOCOL_VERSION } from "../limits.ts";

/** The GroupContext (RFC 9420, section 8.1) of the one version and suite. */
export type GroupContext = {
  readonly groupId: Uint8Array;
  readonly epoch: number;
  readonly treeHash: Uint8Array;
  /** Empty in epoch 0. */
  readonly confirmedTranscriptHash: Uint8Array;
  readonly extensions: readonly Extension[];
};

export function encodeGroupContext(context: GroupContext): Uint8Array {
  return concatBytes(
    uint16(PROTOCOL_VERSION),
    uint16(CIPHER_SUITE),
    opaque(context.groupId),
    uint64(context.epoch),
    opaque(context.treeHash),
    opaque(context.confirmedTranscriptHash),
    encodeExtensions(context.extensions),
  );
}

export function readGroupContext(reader: Reader): GroupContext {
  if (readUint16(reader) !== PROTOCOL_VERSION || readUint16(reader) !== CIPHER_SUITE) {
    throw outsideProfile("a group of another version or cipher suite");
  }
  const groupId = readOpaque(reader, MAX_GROUP_ID_BYTES);
  const epoch = readEpoch(reader);
  const treeHash = readOpaqueOf(reader, HASH_LENGTH);
  const confirmedTranscriptHash = readOpaque(reader, HASH_LENGTH);
  if (confirmedTranscriptHash.length % HASH_LENGTH !== 0) throw malformed("not a transcript hash");
  return { groupId, epoch, treeHash, confirmedTranscriptHash, extensions: readExtensions(reader) };
}
