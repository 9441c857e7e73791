import { create } from "@bufbuild/protobuf";
import { WeftError } from "../errors.ts";
import {
  type MessageContent as ContentMessage,
  DeleteOwnSchema,
  MessageContentSchema,
  type Relation as RelationMessage,
  RelationSchema,
} from "../gen/weft/v1/message_pb.ts";
import { labeledHash, utf8 } from "./bytes.ts";
import { checkLength, encodeCanonical } from "./decodeStrict.ts";
import {
  asId,
  fromHex,
  type GroupId,
  type Hex,
  type InboxId,
  type InstallationKey,
  type MessageId,
  toHex,
} from "./ids.ts";
import { MAX_CONTENT_BYTES, MAX_DEPTH, MAX_PARTS, MAX_RELATION_KEY_BYTES, MAX_TEXT_BYTES } from "./limits.ts";
import { type Part, partMessage, readExtra, readPart, textOfPart, textPart } from "./part.ts";
import { type Relation, relationKinds } from "./relation.ts";

/** What a member says. Its canonical bytes give the id, so no id has two contents and no parents form a cycle. */
export type MessageContent = {
  readonly group: GroupId;
  readonly inbox: InboxId;
  readonly installation: InstallationKey;
  /** 16 random bytes. */
  readonly nonce: Hex;
  /** 1 + the highest depth of the parents of its epoch; 1 … MAX_DEPTH. Claimed by the sender. */
  readonly depth: number;
  /** At most MAX_PARENTS. */
  readonly parents: readonly MessageId[];
  /** The sender's clock, milliseconds since 1970: for display only. */
  readonly sentAtMs: number;
  /** What it does to another message; undefined: it stands for itself. */
  readonly relation?: Relation;
  /** What it shows, at most MAX_PARTS. */
  readonly parts: readonly Part[];
  /** Numbered byte strings, see `readNumbered`. */
  readonly extra?: Uint8Array;
  /** Written as version 1 has it: either one text, or the deletion of one's own message. */
  readonly version?: 1;
};

const NONCE_BYTES = 16;
const MAX_KIND = 255;

/** SHA-256("weft.message.v1" ‖ the content's canonical bytes) */
export function messageIdOf(content: MessageContent): MessageId {
  return idOf(encodeCanonical(MessageContentSchema, contentMessage(content)));
}

/**
 * Reads what a member says, and gives its id. Throws `malformed` or `too-large` for what every version refuses,
 * whatever the kind of its relation.
 */
export function readContent(message: ContentMessage): {
  readonly id: MessageId;
  readonly content: MessageContent;
} {
  const { depth, sentAt, body, parts } = message;
  if (depth < 1 || depth > MAX_DEPTH || sentAt > Number.MAX_SAFE_INTEGER) throw malformed("depth or time");
  if (parts.length > MAX_PARTS) throw malformed("number of parts");
  checkLength({ bytes: message.nonce, length: NONCE_BYTES, what: "a message's nonce" });
  const bytes = encodeCanonical(MessageContentSchema, message);
  if (bytes.length > MAX_CONTENT_BYTES) throw tooLarge(`a content of ${bytes.length} bytes`);
  const content = {
    group: asId<GroupId>(message.group),
    inbox: asId<InboxId>(message.inbox),
    installation: asId<InstallationKey>(message.installation),
    nonce: toHex(message.nonce),
    depth,
    parents: message.parents.map((id) => asId<MessageId>(id)),
    sentAtMs: Number(sentAt),
    ...(body.case === undefined ? openBody(message) : bodyOfVersion1(message)),
  };
  return { id: idOf(bytes), content };
}

function openBody({
  relation,
  parts,
  extra,
}: ContentMessage): Pick<MessageContent, "relation" | "parts" | "extra"> {
  return {
    ...(relation ? { relation: readRelation(relation) } : {}),
    parts: parts.map(readPart),
    ...readExtra(extra),
  };
}

function bodyOfVersion1(message: ContentMessage): Pick<MessageContent, "relation" | "parts" | "version"> {
  const { body, relation, parts, extra } = message;
  if (relation || parts.length + extra.length > 0) throw malformed("body of version 1");
  if (body.case === "text") {
    if (utf8(body.value).length > MAX_TEXT_BYTES) throw tooLarge("a text");
    return { parts: [textPart(body.value)], version: 1 };
  }
  const target = asId<MessageId>(body.value?.message ?? new Uint8Array());
  return { relation: { kind: relationKinds.delete, target, revision: 1 }, parts: [], version: 1 };
}

function readRelation({ kind, target, revision, key, extra }: RelationMessage): Relation {
  if (kind < 1 || kind > MAX_KIND || key.length > MAX_RELATION_KEY_BYTES) throw malformed("relation");
  return {
    kind,
    revision,
    ...(target.length === 0 ? {} : { target: asId<MessageId>(target) }),
    ...(key.length === 0 ? {} : { key: toHex(key) }),
    ...readExtra(extra),
  };
}

/** The content as a protobuf message; one that `readContent` refuses is written all the same. */
export function contentMessage(content: MessageContent): ContentMessage {
  return create(MessageContentSchema, {
    group: fromHex(content.group),
    inbox: fromHex(content.inbox),
    installation: fromHex(content.installation),
    nonce: fromHex(content.nonce),
    depth: content.depth,
    parents: content.parents.map(fromHex),
    sentAt: BigInt(content.sentAtMs),
    ...(content.version === 1 ? version1Message(content) : openMessage(content)),
  });
}

function openMessage({ relation, parts, extra }: MessageContent) {
  return {
    parts: parts.map(partMessage),
    ...(extra ? { extra } : {}),
    ...(relation ? { relation: relationMessage(relation) } : {}),
  };
}

function relationMessage({ kind, target, revision, key, extra }: Relation): RelationMessage {
  return create(RelationSchema, {
    ...{ kind, revision },
    ...(target ? { target: fromHex(target) } : {}),
    ...(key ? { key: fromHex(key) } : {}),
    ...(extra ? { extra } : {}),
  });
}

function version1Message({ relation, parts: [part] }: MessageContent): Pick<ContentMessage, "body"> {
  if (relation?.target === undefined)
    return { body: { case: "text", value: (part && textOfPart(part)) ?? "" } };
  const value = create(DeleteOwnSchema, { message: fromHex(relation.target) });
  return { body: { case: "deleteOwn", value } };
}

function idOf(bytes: Uint8Array<ArrayBuffer>): MessageId {
  return asId(labeledHash({ label: "weft.message.v1", fields: [bytes] }));
}

function malformed(what: string): WeftError {
  return new WeftError({ code: "malformed", message: `a message's ${what} breaks a rule of its layout` });
}

function tooLarge(what: string): WeftError {
  return new WeftError({ code: "too-large", message: `${what} is larger than a message may be` });
}
