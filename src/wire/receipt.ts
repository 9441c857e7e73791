import { create } from "@bufbuild/protobuf";
import { WeftError } from "../errors.ts";
import { type Receipt as ReceiptMessage, ReceiptSchema } from "../gen/weft/v1/batch_pb.ts";
import { type Batch, verifyBatch } from "./batch.ts";
import { type BatchHeader, decodeBatchHeader } from "./batchHeader.ts";
import { envelopeHash } from "./envelope.ts";
import { type EnvelopeHash, fromHex } from "./ids.ts";
import { merklePath, merklePaths, verifyMerklePath } from "./merkle.ts";

/** Proof that a node took an envelope into its log. */
export type Receipt = {
  readonly header: BatchHeader;
  readonly headerBytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly index: number;
  readonly siblings: readonly Uint8Array[];
};

/** Makes the receipt of the envelope at `index` of a batch. */
export function receiptOf(params: { batch: Batch; index: number }): Receipt {
  const { batch, index } = params;
  const leaves = batch.envelopes.map((envelope) => fromHex(envelopeHash(envelope)));
  const { header, headerBytes, signature } = batch;
  return { header, headerBytes, signature, index, siblings: merklePath({ leaves, index }) };
}

/** Makes the receipts of all envelopes of a batch, in order, from their hashes alone. */
export function receiptsFrom(params: {
  headerBytes: Uint8Array;
  signature: Uint8Array;
  hashes: readonly Uint8Array[];
}): Receipt[] {
  const { headerBytes, signature, hashes } = params;
  const header = decodeBatchHeader(headerBytes);
  return merklePaths(hashes).map((siblings, index) => ({ header, headerBytes, signature, index, siblings }));
}

/** True if `receipt` proves this envelope and is signed by this node key (P-256, 33 bytes). */
export function verifyReceipt(params: {
  receipt: Receipt;
  hash: EnvelopeHash;
  signingKey: Uint8Array;
}): boolean {
  const { receipt, hash, signingKey } = params;
  const { header, index, siblings } = receipt;
  const proven = verifyMerklePath({
    leaf: fromHex(hash),
    index,
    count: header.count,
    siblings,
    root: fromHex(header.root),
  });
  return proven && verifyBatch({ batch: receipt, signingKey });
}

/** Reads a receipt. Throws `malformed`. */
export function receiptFromMessage(message: ReceiptMessage): Receipt {
  if (message.siblings.some((sibling) => sibling.length !== 32)) {
    throw new WeftError({ code: "malformed", message: "a receipt's sibling is not 32 bytes" });
  }
  const { header: headerBytes, signature, index, siblings } = message;
  return { header: decodeBatchHeader(headerBytes), headerBytes, signature, index, siblings };
}

export function receiptMessage(receipt: Receipt): ReceiptMessage {
  const { headerBytes: header, signature, index, siblings } = receipt;
  return create(ReceiptSchema, { header, signature, index, siblings: [...siblings] });
}
