import { create } from "@bufbuild/protobuf";
import { XWING_ENCAPSULATION_LENGTH, XWING_PUBLIC_KEY_LENGTH } from "../crypto/xwing.ts";
import { WeftError } from "../errors.ts";
import {
  HistoryChunkSchema,
  HistoryKeySchema,
  HistoryOfferSchema,
  type HistoryPayload as HistoryPayloadMessage,
  HistoryPayloadSchema,
  HistoryRequestSchema,
} from "../gen/weft/v1/envelope_pb.ts";
import { checkLength, decodeStrict, encodeCanonical } from "./decodeStrict.ts";
import type { Envelope } from "./envelope.ts";
import { ID_BYTES } from "./ids.ts";
import { HISTORY_CHUNK_BYTES, MAX_ENVELOPE_BYTES, MAX_HISTORY_CHUNKS } from "./limits.ts";
import { checkWork, solveWorkInSlices } from "./proofOfWork.ts";

/** What is published on a topic of kind 5. */
export type HistoryPayload =
  /** A new device asks. `tag`: by the code that it shows, see src/identity/historyCode.ts. */
  | { readonly kind: "request"; readonly publicKey: Uint8Array; readonly tag: Uint8Array }
  /** A device that has the history answers. */
  | {
      readonly kind: "offer";
      readonly encapsulatedKey: Uint8Array;
      readonly ciphertext: Uint8Array;
      readonly tag: Uint8Array;
    }
  /** A sealed chunk of an archive, in its place. */
  | { readonly kind: "chunk"; readonly number: number; readonly ciphertext: Uint8Array };

/** What an offer holds: how the archive is opened, and where its chunks are. */
export type HistoryKey = {
  readonly preamble: Uint8Array;
  /** 32 bytes. */
  readonly secret: Uint8Array;
  /** Random id of the topic of the chunks, 32 bytes. */
  readonly topic: Uint8Array;
};

const TAG_BYTES = 32;
const SECRET_BYTES = 32;
/** Far more than a HistoryKey takes. */
const MAX_OFFER_BYTES = 1024;

/** Puts a payload on its topic, with its proof of work, which is searched in slices. */
export async function buildHistoryEnvelope(params: {
  topic: Uint8Array;
  payload: HistoryPayload;
}): Promise<Envelope> {
  const { topic } = params;
  const message = create(HistoryPayloadSchema, { body: bodyOf(params.payload) });
  const nonce = await solveWorkInSlices({ topic, content: encodeCanonical(HistoryPayloadSchema, message) });
  return { topic, payload: encodeCanonical(HistoryPayloadSchema, { ...message, nonce }) };
}

/** Reads a payload. Throws `malformed`, `too-large`, or `bad-signature` where the proof of work is missing. */
export function decodeHistoryPayload({ topic, payload: bytes }: Envelope): HistoryPayload {
  const message = decodeStrict({ schema: HistoryPayloadSchema, bytes, maxBytes: MAX_ENVELOPE_BYTES });
  const payload = readBody(message);
  const content = encodeCanonical(HistoryPayloadSchema, { ...message, nonce: 0n });
  if (checkWork({ topic, content, nonce: message.nonce })) return payload;
  throw new WeftError({ code: "bad-signature", message: "a history's payload lacks its proof of work" });
}

export function encodeHistoryKey(key: HistoryKey): Uint8Array {
  return encodeCanonical(HistoryKeySchema, create(HistoryKeySchema, key));
}

/** Decodes what an offer holds. Throws `malformed` or `too-large`. */
export function decodeHistoryKey(bytes: Uint8Array): HistoryKey {
  const { preamble, secret, topic } = decodeStrict({
    schema: HistoryKeySchema,
    bytes,
    maxBytes: MAX_OFFER_BYTES,
  });
  checkLength({ bytes: secret, length: SECRET_BYTES, what: "a history's secret" });
  checkLength({ bytes: topic, length: ID_BYTES, what: "a history's topic" });
  return { preamble, secret, topic };
}

function bodyOf(payload: HistoryPayload): HistoryPayloadMessage["body"] {
  switch (payload.kind) {
    case "request":
      return { case: "request", value: create(HistoryRequestSchema, payload) };
    case "offer":
      return { case: "offer", value: create(HistoryOfferSchema, payload) };
    case "chunk":
      return { case: "chunk", value: create(HistoryChunkSchema, payload) };
  }
}

function readBody({ body }: HistoryPayloadMessage): HistoryPayload {
  switch (body.case) {
    case "request": {
      const { publicKey, tag } = body.value;
      checkLength({ bytes: publicKey, length: XWING_PUBLIC_KEY_LENGTH, what: "an X-Wing key" });
      checkLength({ bytes: tag, length: TAG_BYTES, what: "a tag" });
      return { kind: "request", publicKey, tag };
    }
    case "offer": {
      const { encapsulatedKey, ciphertext, tag } = body.value;
      checkLength({ bytes: encapsulatedKey, length: XWING_ENCAPSULATION_LENGTH, what: "an X-Wing key" });
      checkLength({ bytes: tag, length: TAG_BYTES, what: "a tag" });
      if (ciphertext.length > MAX_OFFER_BYTES) throw tooLarge("an offer");
      return { kind: "offer", encapsulatedKey, ciphertext, tag };
    }
    case "chunk": {
      const { number, ciphertext } = body.value;
      if (number >= MAX_HISTORY_CHUNKS || ciphertext.length > HISTORY_CHUNK_BYTES) throw tooLarge("a chunk");
      return { kind: "chunk", number, ciphertext };
    }
    default:
      throw new WeftError({ code: "malformed", message: "a history's payload holds nothing" });
  }
}

function tooLarge(what: string): WeftError {
  return new WeftError({ code: "too-large", message: `${what} beyond its limits` });
}
