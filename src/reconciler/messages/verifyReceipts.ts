import { batchHeaderHash, decodeBatchHeader } from "../../wire/batchHeader.ts";
import type { Envelope } from "../../wire/envelope.ts";
import { type EnvelopeHash, fromHex, type NodeId, toHex } from "../../wire/ids.ts";
import type { Network } from "../../wire/network.ts";
import { type Receipt, verifyReceipt } from "../../wire/receipt.ts";
import { shardOfTopic } from "../../wire/shards.ts";
import type { KnownNode, StoredReceipt } from "../records/records.ts";
import type { Taken } from "../records/timelineRecord.ts";
import type { ReceiptTime } from "./inTime.ts";

export type VerifiedReceipt = ReceiptTime & Taken;

/** Picks the receipts that a registered node signed for this envelope in its shard; others do not count. */
export function verifyReceipts(params: {
  network: Network;
  nodes: ReadonlyMap<NodeId, KnownNode>;
  envelope: Pick<Envelope, "topic">;
  /** The envelope's hash. */
  hash: EnvelopeHash;
  receipts: readonly Receipt[];
}): VerifiedReceipt[] {
  const { network, nodes, envelope, hash, receipts } = params;
  const ownShard = shardOfTopic({ topic: envelope.topic, shards: network.shards });
  return receipts.flatMap((receipt) => {
    const { chainId, nodeRegistry, node, generation, shard, firstSequence: first } = receipt.header;
    const known = nodes.get(node);
    const isHere = chainId === network.chainId && nodeRegistry === network.nodeRegistry;
    if (!known || !isHere || shard !== ownShard) return [];
    const signingKey = fromHex(known.signingKey);
    if (!isGood({ receipt, hash, signingKey })) return [];
    const { anchorBlock, timeMs } = receipt.header;
    const headerHash = batchHeaderHash(receipt.headerBytes);
    return [{ log: { node, generation, shard }, first, headerHash, anchorBlock, timeMs }];
  });
}

/** The same receipt is verified twice: for its place in the topic, and for its envelope. */
const verified = new WeakMap<Receipt, string>();

function isGood(params: { receipt: Receipt; hash: EnvelopeHash; signingKey: Uint8Array }): boolean {
  const { receipt, hash, signingKey } = params;
  const name = `${hash}/${toHex(signingKey)}`;
  if (verified.get(receipt) === name) return true;
  const isVerified = verifyReceipt(params);
  if (isVerified) verified.set(receipt, name);
  return isVerified;
}

export function storedReceipt({ headerBytes: header, signature, index, siblings }: Receipt): StoredReceipt {
  return { header, signature, index, siblings };
}

export function receiptFromStored({ header, ...rest }: StoredReceipt): Receipt {
  return { ...rest, headerBytes: header, header: decodeBatchHeader(header) };
}
