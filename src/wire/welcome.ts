import { create } from "@bufbuild/protobuf";
import { WeftError } from "../errors.ts";
import { GroupInfoBundleSchema, WelcomeSchema } from "../gen/weft/v1/envelope_pb.ts";
import { checkLength, decodeStrict, encodeCanonical } from "./decodeStrict.ts";
import { asId, type EntryId, fromHex, type GroupId, ID_BYTES } from "./ids.ts";
import { GROUP_INFO_CHUNK_BYTES, MAX_ENVELOPE_BYTES, MAX_GROUP_INFO_CHUNKS } from "./limits.ts";

/** What one added installation gets, wrapped to its key; all recipients of a commit share the group info. */
export type Welcome = {
  readonly group: GroupId;
  /** The entry that added the recipient. */
  readonly entry: EntryId;
  /** MLS EncryptedGroupSecrets, TLS encoding. */
  readonly encryptedGroupSecrets: Uint8Array;
  readonly groupInfo: GroupInfoReference;
  /** SHA-256 of the KeyPackage that was used. */
  readonly keyPackageHash: Uint8Array;
};

/** Where the sealed group info lies and what opens it. */
export type GroupInfoReference = {
  /** Random id of its topic, 32 bytes. */
  readonly topicId: Uint8Array;
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** 1 … MAX_GROUP_INFO_CHUNKS. */
  readonly chunks: number;
};

export type GroupInfoBundle = {
  /** The encrypted group info of the MLS Welcome (RFC 9420 §12.4.3.1). */
  readonly encryptedGroupInfo: Uint8Array;
  /** The content of the MLS ratchet_tree extension. */
  readonly ratchetTree: Uint8Array;
};

export const MAX_GROUP_INFO_BYTES = GROUP_INFO_CHUNK_BYTES * MAX_GROUP_INFO_CHUNKS;
const KEY_BYTES = 32;

export function encodeWelcome(welcome: Welcome): Uint8Array {
  const { groupInfo, ...rest } = welcome;
  const message = create(WelcomeSchema, {
    ...rest,
    group: fromHex(welcome.group),
    entry: fromHex(welcome.entry),
    groupInfoTopic: groupInfo.topicId,
    groupInfoKey: groupInfo.key,
    groupInfoChunks: groupInfo.chunks,
  });
  return encodeCanonical(WelcomeSchema, message);
}

/** Decodes a Welcome. Throws `malformed` or `too-large`. */
export function decodeWelcome(bytes: Uint8Array): Welcome {
  const message = decodeStrict({ schema: WelcomeSchema, bytes, maxBytes: MAX_ENVELOPE_BYTES });
  const { encryptedGroupSecrets, groupInfoChunks: chunks, keyPackageHash } = message;
  checkLength({ bytes: message.groupInfoTopic, length: ID_BYTES, what: "a group info topic" });
  checkLength({ bytes: message.groupInfoKey, length: KEY_BYTES, what: "a group info key" });
  checkLength({ bytes: keyPackageHash, length: ID_BYTES, what: "a key package's hash" });
  if (chunks < 1 || chunks > MAX_GROUP_INFO_CHUNKS) {
    throw new WeftError({ code: "malformed", message: `a group info in ${chunks} chunks` });
  }
  return {
    group: asId(message.group),
    entry: asId(message.entry),
    encryptedGroupSecrets,
    groupInfo: { topicId: message.groupInfoTopic, key: message.groupInfoKey, chunks },
    keyPackageHash,
  };
}

/** Encodes a group info. Throws `too-large` if it does not fit into MAX_GROUP_INFO_CHUNKS. */
export function encodeGroupInfoBundle(bundle: GroupInfoBundle): Uint8Array {
  const bytes = encodeCanonical(GroupInfoBundleSchema, create(GroupInfoBundleSchema, bundle));
  if (bytes.length > MAX_GROUP_INFO_BYTES) {
    throw new WeftError({ code: "too-large", message: `a group info of ${bytes.length} bytes` });
  }
  return bytes;
}

/** Decodes a group info. Throws `malformed` or `too-large`. */
export function decodeGroupInfoBundle(bytes: Uint8Array): GroupInfoBundle {
  const schema = GroupInfoBundleSchema;
  const { encryptedGroupInfo, ratchetTree } = decodeStrict({ schema, bytes, maxBytes: MAX_GROUP_INFO_BYTES });
  return { encryptedGroupInfo, ratchetTree };
}
