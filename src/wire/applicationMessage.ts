import { create } from "@bufbuild/protobuf";
import { WeftError } from "../errors.ts";
import {
  type ApplicationMessage as ApplicationMessageMessage,
  ApplicationMessageSchema,
  type MessageContent as MessageContentMessage,
  MessageContentSchema,
} from "../gen/weft/v1/message_pb.ts";
import { labeledHash, utf8 } from "./bytes.ts";
import { catchFault } from "./catchFault.ts";
import { checkLength, decodeStrict, encodeCanonical } from "./decodeStrict.ts";
import {
  asId,
  type EnvelopeHash,
  fromHex,
  type GroupId,
  type Hex,
  type InboxId,
  type InstallationKey,
  type MessageId,
  toHex,
} from "./ids.ts";
import { MAX_DEPTH, MAX_PARENTS, MAX_REPLACES, MAX_TEXT_BYTES } from "./limits.ts";

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
  readonly body: MessageBody;
};

export type MessageBody =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "delete-own"; readonly message: MessageId };

/** Plaintext of an MLS application message. */
export type ApplicationMessage = {
  readonly content: MessageContent;
  /** The envelopes whose place this sealing takes; at most MAX_REPLACES. */
  readonly replaces: readonly EnvelopeHash[];
};

export type ApplicationMessageReading =
  | ({ readonly kind: "message"; readonly id: MessageId } & ApplicationMessage)
  | { readonly kind: "refused"; readonly reason: "malformed" | "too-large" | "too-many-parents" };

const NONCE_BYTES = 16;
const MAX_MESSAGE_BYTES = MAX_TEXT_BYTES + 2048;

/** Computes a message's id: SHA-256("weft.message.v1" ‖ the content's canonical bytes). */
export function messageIdOf(content: MessageContent): MessageId {
  return idOf(contentMessage(content));
}

/** Encodes a message. Throws `too-large` or `malformed` for what `readApplicationMessage` would not take. */
export function writeApplicationMessage(message: ApplicationMessage): Uint8Array {
  const { content, replaces } = message;
  const bytes = encodeCanonical(
    ApplicationMessageSchema,
    create(ApplicationMessageSchema, {
      content: contentMessage(content),
      replaces: replaces.map(fromHex),
    }),
  );
  const { body } = content;
  const reading = readApplicationMessage(bytes);
  if (reading.kind === "refused" || (body.kind === "text" && !body.text.isWellFormed())) {
    const code = reading.kind === "refused" && reading.reason === "too-large" ? "too-large" : "malformed";
    throw new WeftError({ code, message: "the message breaks a rule of its layout" });
  }
  return bytes;
}

/** Reads a plaintext that a member sealed: strict, canonical and bounded. Never throws. */
export function readApplicationMessage(bytes: Uint8Array): ApplicationMessageReading {
  if (bytes.length > MAX_MESSAGE_BYTES) return { kind: "refused", reason: "too-large" };
  const schema = ApplicationMessageSchema;
  const reading = catchFault(() => readDecoded(decodeStrict({ schema, bytes, maxBytes: MAX_MESSAGE_BYTES })));
  return reading instanceof WeftError ? { kind: "refused", reason: "malformed" } : reading;
}

function readDecoded(message: ApplicationMessageMessage): ApplicationMessageReading {
  const { content } = message;
  const body = bodyOf(content);
  if (content === undefined || body === undefined || !isWithinRange(content)) {
    return { kind: "refused", reason: "malformed" };
  }
  if (content.parents.length > MAX_PARENTS) return { kind: "refused", reason: "too-many-parents" };
  if (body.kind === "text" && utf8(body.text).length > MAX_TEXT_BYTES) {
    return { kind: "refused", reason: "too-large" };
  }
  if (message.replaces.length > MAX_REPLACES) return { kind: "refused", reason: "malformed" };
  checkLength({ bytes: content.nonce, length: NONCE_BYTES, what: "a message's nonce" });
  return {
    kind: "message",
    id: idOf(content),
    replaces: message.replaces.map((hash) => asId<EnvelopeHash>(hash)),
    content: {
      group: asId(content.group),
      inbox: asId(content.inbox),
      installation: asId(content.installation),
      nonce: toHex(content.nonce),
      depth: content.depth,
      parents: content.parents.map((id) => asId<MessageId>(id)),
      sentAtMs: Number(content.sentAt),
      body,
    },
  };
}

function isWithinRange(content: MessageContentMessage): boolean {
  const { depth, sentAt } = content;
  return depth >= 1 && depth <= MAX_DEPTH && sentAt <= Number.MAX_SAFE_INTEGER;
}

function bodyOf(content: MessageContentMessage | undefined): MessageBody | undefined {
  const body = content?.body;
  if (body?.case === "text") return { kind: "text", text: body.value };
  if (body?.case === "deleteOwn") return { kind: "delete-own", message: asId(body.value.message) };
  return undefined;
}

function contentMessage(content: MessageContent): MessageContentMessage {
  const { body } = content;
  return create(MessageContentSchema, {
    group: fromHex(content.group),
    inbox: fromHex(content.inbox),
    installation: fromHex(content.installation),
    nonce: fromHex(content.nonce),
    depth: content.depth,
    parents: content.parents.map(fromHex),
    sentAt: BigInt(content.sentAtMs),
    body:
      body.kind === "text"
        ? { case: "text", value: body.text }
        : { case: "deleteOwn", value: { message: fromHex(body.message) } },
  });
}

function idOf(content: MessageContentMessage): MessageId {
  const bytes = encodeCanonical(MessageContentSchema, content);
  return asId(labeledHash({ label: "weft.message.v1", fields: [bytes] }));
}
