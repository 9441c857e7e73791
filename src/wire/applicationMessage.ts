import { create } from "@bufbuild/protobuf";
import { WeftError } from "../errors.ts";
import {
  type ApplicationMessage as ApplicationMessageMessage,
  ApplicationMessageSchema,
} from "../gen/weft/v1/message_pb.ts";
import { catchFault } from "./catchFault.ts";
import { decodeStrict, encodeCanonical } from "./decodeStrict.ts";
import { asId, type EnvelopeHash, fromHex, type MessageId } from "./ids.ts";
import { MAX_CONTENT_BYTES, MAX_PARENTS, MAX_REPLACES } from "./limits.ts";
import { contentMessage, type MessageContent, readContent } from "./messageContent.ts";
import { scanFields } from "./scanFields.ts";

/** Plaintext of an MLS application message. */
export type ApplicationMessage = {
  readonly content: MessageContent;
  /** The envelopes whose place this sealing takes; at most MAX_REPLACES. */
  readonly replaces: readonly EnvelopeHash[];
};

export type ApplicationMessageReading =
  | ({ readonly kind: "message"; readonly id: MessageId } & ApplicationMessage)
  | { readonly kind: "refused"; readonly reason: "malformed" | "too-large" | "too-many-parents" };

/** The content, the envelopes that it replaces and their framing. */
const MAX_MESSAGE_BYTES = MAX_CONTENT_BYTES + 1024;
/** Fields of a message with all that it may have; more are not made objects of. */
const MAX_FIELDS = 4096;

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
  const reading = readApplicationMessage(bytes);
  if (reading.kind === "message") return bytes;
  const code = reading.reason === "too-large" ? "too-large" : "malformed";
  throw new WeftError({ code, message: "the message breaks a rule of its layout" });
}

/** Reads a plaintext that a member sealed: strict, canonical and bounded. Never throws. */
export function readApplicationMessage(bytes: Uint8Array): ApplicationMessageReading {
  const reading = catchFault(() => readBytes(bytes));
  if (!(reading instanceof WeftError)) return reading;
  return { kind: "refused", reason: reading.code === "too-large" ? "too-large" : "malformed" };
}

function readBytes(bytes: Uint8Array): ApplicationMessageReading {
  const schema = ApplicationMessageSchema;
  if (bytes.length <= MAX_MESSAGE_BYTES) scanFields({ schema, bytes, maxFields: MAX_FIELDS });
  return readDecoded(decodeStrict({ schema, bytes, maxBytes: MAX_MESSAGE_BYTES }));
}

function readDecoded({ content, replaces }: ApplicationMessageMessage): ApplicationMessageReading {
  if (content === undefined || replaces.length > MAX_REPLACES)
    return { kind: "refused", reason: "malformed" };
  if (content.parents.length > MAX_PARENTS) return { kind: "refused", reason: "too-many-parents" };
  return {
    ...{ kind: "message", replaces: replaces.map((hash) => asId<EnvelopeHash>(hash)) },
    ...readContent(content),
  };
}
