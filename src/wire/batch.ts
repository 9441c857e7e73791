import { create } from "@bufbuild/protobuf";
import { signP256, verifyP256 } from "#crypto";
import { equalBytes } from "../crypto/equalBytes.ts";
import { WeftError } from "../errors.ts";
import { type Batch as BatchMessage, BatchSchema } from "../gen/weft/v1/batch_pb.ts";
import { type BatchHeader, decodeBatchHeader, encodeBatchHeader } from "./batchHeader.ts";
import { decodeStrict, encodeCanonical } from "./decodeStrict.ts";
import { type Envelope, envelopeBytes, envelopeHash } from "./envelope.ts";
import { fromHex, toHex } from "./ids.ts";
import { MAX_BATCH_BYTES, MAX_BATCH_ENVELOPES, MAX_ENVELOPE_BYTES } from "./limits.ts";
import { merkleRoot } from "./merkle.ts";
import { TOPIC_BYTES } from "./topic.ts";

/** A signed run of a node's log. */
export type Batch = {
  readonly header: BatchHeader;
  /** 416 bytes: what is hashed and signed. */
  readonly headerBytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly envelopes: readonly Envelope[];
};

const FRAMING_BYTES = 1024 + 16 * MAX_BATCH_ENVELOPES;
/** A full batch may hold one largest envelope beyond the bytes at which it is closed. */
const MAX_ENCODED_BATCH_BYTES = MAX_BATCH_BYTES + MAX_ENVELOPE_BYTES + FRAMING_BYTES;

/** Signs `envelopes` (1 to 1,024) as the next run of a log; root and count are computed here. */
export function buildBatch(params: {
  header: Omit<BatchHeader, "root" | "count">;
  envelopes: readonly Envelope[];
  signingKey: Uint8Array;
}): Batch {
  const { envelopes, signingKey } = params;
  const root = toHex(merkleRoot(envelopes.map((envelope) => fromHex(envelopeHash(envelope)))));
  const header = { ...params.header, count: envelopes.length, root };
  const headerBytes = encodeBatchHeader(header);
  return {
    header,
    headerBytes,
    signature: signP256({ privateKey: signingKey, message: headerBytes }),
    envelopes,
  };
}

/**
 * Reads a batch and checks all that needs no key: layout, limits, count, Merkle root. Throws `malformed` or
 * `too-large`.
 */
export function decodeBatch(bytes: Uint8Array): Batch {
  return batchFromMessage(decodeStrict({ schema: BatchSchema, bytes, maxBytes: MAX_ENCODED_BATCH_BYTES }));
}

/** Reads a batch inside another message, as `decodeBatch` does. */
export function batchFromMessage(message: BatchMessage): Batch {
  const header = decodeBatchHeader(message.header);
  const envelopes = message.envelopes.map(({ topic, payload }) => ({ topic, payload }));
  if (envelopes.length !== header.count) {
    throw new WeftError({
      code: "malformed",
      message: `${envelopes.length} envelopes, header says ${header.count}`,
    });
  }
  for (const envelope of envelopes) checkShape(envelope);
  const root = merkleRoot(envelopes.map((envelope) => fromHex(envelopeHash(envelope))));
  if (!equalBytes(root, fromHex(header.root))) {
    throw new WeftError({ code: "malformed", message: "the Merkle root does not fit the envelopes" });
  }
  return { header, headerBytes: message.header, signature: message.signature, envelopes };
}

/** True if the batch is signed by this P-256 key (33 bytes, compressed). */
export function verifyBatch(params: {
  batch: Pick<Batch, "headerBytes" | "signature">;
  signingKey: Uint8Array;
}): boolean {
  const { batch, signingKey } = params;
  return verifyP256({ publicKey: signingKey, message: batch.headerBytes, signature: batch.signature });
}

export function batchMessage(batch: Batch): BatchMessage {
  const { headerBytes: header, signature, envelopes } = batch;
  return create(BatchSchema, {
    header,
    signature,
    envelopes: envelopes.map((envelope) => ({ ...envelope })),
  });
}

export function encodeBatch(batch: Batch): Uint8Array<ArrayBuffer> {
  return encodeCanonical(BatchSchema, batchMessage(batch));
}

/**
 * Checks an envelope's shape. Topic kinds that this version does not know are carried all the same: a newer node may
 * know them.
 */
function checkShape(envelope: Envelope): void {
  if (envelope.topic.length !== TOPIC_BYTES || envelopeBytes(envelope) > MAX_ENVELOPE_BYTES) {
    throw new WeftError({ code: "malformed", message: "an envelope in a batch has a wrong shape" });
  }
}
