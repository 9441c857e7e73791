import { create } from "@bufbuild/protobuf";
import { XWING_ENCAPSULATION_LENGTH } from "../crypto/xwing.ts";
import { WeftError } from "../errors.ts";
import {
  type GroupInfoChunk,
  GroupInfoChunkSchema,
  type WrappedWelcome,
  WrappedWelcomeSchema,
} from "../gen/weft/v1/envelope_pb.ts";
import { checkLength, decodeStrict, encodeCanonical } from "./decodeStrict.ts";
import type { Envelope } from "./envelope.ts";
import { GROUP_INFO_CHUNK_BYTES, MAX_ENVELOPE_BYTES, MAX_GROUP_INFO_CHUNKS } from "./limits.ts";
import { checkWork, solveWork, solveWorkInSlices, type Work } from "./proofOfWork.ts";
import { isWelcomeBucket } from "./topic.ts";

const TAG_BYTES = 16;
const MAX_VIEW_TAG = 255;

type Schema = typeof WrappedWelcomeSchema | typeof GroupInfoChunkSchema;
type Chunk = { readonly topic: Uint8Array; readonly index: number; readonly ciphertext: Uint8Array };

/** Puts a wrapped Welcome into its bucket, with its proof of work. */
export function buildWelcomeEnvelope(params: {
  topic: Uint8Array;
  encapsulatedKey: Uint8Array;
  ciphertext: Uint8Array;
  /** 0 to 255: see src/identity/viewTag.ts. */
  viewTag: number;
}): Envelope {
  const { topic, ...fields } = params;
  const message = create(WrappedWelcomeSchema, fields);
  const content = encodeCanonical(WrappedWelcomeSchema, message);
  const nonce = solveWork({ topic, content });
  return { topic, payload: encodeCanonical(WrappedWelcomeSchema, { ...message, nonce }) };
}

/** Reads a wrapped Welcome. Throws `malformed`, `too-large`, or `bad-signature` where the proof of work is missing. */
export function decodeWelcomePayload(envelope: Envelope): WrappedWelcome {
  const message = decodeStrict({
    schema: WrappedWelcomeSchema,
    bytes: envelope.payload,
    maxBytes: MAX_ENVELOPE_BYTES,
  });
  checkLength({ bytes: message.encapsulatedKey, length: XWING_ENCAPSULATION_LENGTH, what: "an X-Wing key" });
  if (message.viewTag > MAX_VIEW_TAG || !isWelcomeBucket(envelope.topic)) {
    throw new WeftError({ code: "malformed", message: "a Welcome with no view tag, or in no bucket" });
  }
  const content = encodeCanonical(WrappedWelcomeSchema, { ...message, nonce: 0n });
  requireWork({ envelope, schema: WrappedWelcomeSchema, content, nonce: message.nonce });
  return message;
}

/** Builds the envelope of one chunk of a sealed GroupInfoBundle, with its proof of work. */
export function buildGroupInfoEnvelope(chunk: Chunk): Envelope {
  return chunkEnvelope(chunk, solveWork(chunkWork(chunk)));
}

/**
 * Builds the same as `buildGroupInfoEnvelope` without holding up this thread: the work of a large chunk takes a while.
 */
export async function buildGroupInfoInSlices(chunk: Chunk): Promise<Envelope> {
  return chunkEnvelope(chunk, await solveWorkInSlices(chunkWork(chunk)));
}

function chunkWork({ topic, ...fields }: Chunk): Work {
  return { topic, content: encodeCanonical(GroupInfoChunkSchema, create(GroupInfoChunkSchema, fields)) };
}

function chunkEnvelope({ topic, ...fields }: Chunk, nonce: bigint): Envelope {
  const message = create(GroupInfoChunkSchema, { ...fields, nonce });
  return { topic, payload: encodeCanonical(GroupInfoChunkSchema, message) };
}

/**
 * Reads a chunk of a group info. Throws `malformed`, `too-large`, or `bad-signature` where the proof of work is
 * missing.
 */
export function decodeGroupInfoPayload(envelope: Envelope): GroupInfoChunk {
  const message = decodeStrict({
    schema: GroupInfoChunkSchema,
    bytes: envelope.payload,
    maxBytes: MAX_ENVELOPE_BYTES,
  });
  if (
    message.index >= MAX_GROUP_INFO_CHUNKS ||
    message.ciphertext.length > GROUP_INFO_CHUNK_BYTES + TAG_BYTES
  ) {
    throw new WeftError({ code: "too-large", message: "a group info chunk beyond its limits" });
  }
  const content = encodeCanonical(GroupInfoChunkSchema, { ...message, nonce: 0n });
  requireWork({ envelope, schema: GroupInfoChunkSchema, content, nonce: message.nonce });
  return message;
}

function requireWork(params: {
  envelope: Envelope;
  schema: Schema;
  content: Uint8Array;
  nonce: bigint;
}): void {
  const { envelope, schema, content, nonce } = params;
  if (!checkWork({ topic: envelope.topic, content, nonce })) {
    throw new WeftError({
      code: "bad-signature",
      message: `${schema.name} lacks its proof of work`,
      hint: "Search a nonce as docs/protocol.md describes it; it keeps the buckets clean.",
    });
  }
}
