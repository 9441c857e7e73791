import { concatBytes } from "../../crypto/concatBytes.ts";
import type { Batch } from "../../wire/batch.ts";
import { type BatchHeader, batchHeaderHash, decodeBatchHeader } from "../../wire/batchHeader.ts";
import { u32 } from "../../wire/bytes.ts";
import { type Envelope, envelopeHash } from "../../wire/envelope.ts";
import { asId, fromHex, type Hex, type NodeId, toHex } from "../../wire/ids.ts";
import { BATCH_HEADER_BYTES } from "../../wire/limits.ts";
import type { LogId } from "../../wire/logRange.ts";
import { TOPIC_BYTES } from "../../wire/topic.ts";
import { keyOf, parseKey } from "../keys.ts";
import { nodeSchema } from "../schema.ts";
import { kindNumber } from "./logState.ts";

/** A batch as it is on disk: the bodies of its envelopes are stored apart, once per envelope hash. */
export type BatchRecord = {
  readonly headerBytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly envelopes: readonly { readonly kind: number; readonly hash: Uint8Array }[];
};

/** Where an envelope is stored: the key of its batch, also in parts, and its index there. */
export type Place = {
  readonly log: LogId;
  readonly first: bigint;
  readonly headerHash: Hex;
  readonly index: number;
  readonly batchKey: Uint8Array;
};

const SIGNATURE_BYTES = 64;
const FIXED_BYTES = BATCH_HEADER_BYTES + SIGNATURE_BYTES;
const HASH_BYTES = 32;
/** The offset of the batch's count: the last four bytes of the header's eighth word. */
const COUNT_AT = 8 * 32 - 4;
/** The offset of the previous header's hash: the header's twelfth word. */
const PREVIOUS_AT = 11 * 32;

export function logOf(header: BatchHeader): LogId {
  const { node, generation, shard } = header;
  return { node, generation, shard };
}

/** Returns the key of a batch's record. */
export function batchKey(batch: Pick<Batch, "header" | "headerBytes">): Uint8Array {
  const { header, headerBytes } = batch;
  const place = { first: header.firstSequence, header: batchHeaderHash(headerBytes) };
  return keyOf(nodeSchema.batch, { ...logOf(header), ...place });
}

/** Encodes a batch and its envelopes' hashes: header ‖ signature ‖ for each envelope, topic kind (1 byte) ‖ hash. */
export function encodeBatchRecord(batch: Batch, hashes: readonly Uint8Array[]): Uint8Array {
  const list = batch.envelopes.map((envelope, i) =>
    concatBytes(Uint8Array.of(kindNumber(envelope.topic)), hashes[i] ?? new Uint8Array()),
  );
  return concatBytes(batch.headerBytes, batch.signature, ...list);
}

export function decodeBatchRecord(value: Uint8Array): BatchRecord {
  const envelopes = Array.from({ length: recordCount(value) }, (_, i) => {
    const at = FIXED_BYTES + i * (1 + HASH_BYTES);
    return { kind: value[at] ?? 0, hash: value.subarray(at + 1, at + 1 + HASH_BYTES) };
  });
  return {
    headerBytes: value.subarray(0, BATCH_HEADER_BYTES),
    signature: value.subarray(BATCH_HEADER_BYTES, FIXED_BYTES),
    envelopes,
  };
}

/** Returns the number of envelopes of an encoded record, without decoding it. */
export function recordCount(value: Uint8Array): number {
  return new DataView(value.buffer, value.byteOffset, value.length).getUint32(COUNT_AT);
}

/** Returns the hash that an encoded record's header names as the header before it. */
export function recordPrevious(value: Uint8Array): Hex {
  return toHex(value.subarray(PREVIOUS_AT, PREVIOUS_AT + HASH_BYTES));
}

/** Decodes the header of an encoded record. */
export function recordHeader(value: Uint8Array): BatchHeader {
  return decodeBatchHeader(value.subarray(0, BATCH_HEADER_BYTES));
}

export function envelopeHashes(envelopes: readonly Envelope[]): Uint8Array[] {
  return envelopes.map((envelope) => fromHex(envelopeHash(envelope)));
}

/** Encodes an envelope's place: index in the batch (u32) ‖ key of the batch. */
export function encodePlace(key: Uint8Array, index: number): Uint8Array {
  return concatBytes(u32(index), key);
}

export function decodePlace(value: Uint8Array): Place {
  const index = new DataView(value.buffer, value.byteOffset, value.length).getUint32(0);
  return { index, ...parseBatchKey(value.subarray(4)) };
}

/** Returns the place that a batch's key names. Throws `storage` for a key that is none. */
export function parseBatchKey(key: Uint8Array): Omit<Place, "index"> {
  const { node, generation, shard, first, header } = parseKey(nodeSchema.batch, key);
  const log = { node: asId<NodeId>(node), generation, shard };
  return { log, first, headerHash: toHex(header), batchKey: key };
}

/** Encodes an envelope: topic (33 bytes) ‖ payload. */
export function encodeBody(envelope: Envelope): Uint8Array {
  return concatBytes(envelope.topic, envelope.payload);
}

export function decodeBody(value: Uint8Array): Envelope {
  return { topic: value.subarray(0, TOPIC_BYTES), payload: value.subarray(TOPIC_BYTES) };
}
