import { decodeBatchHeader } from "../../wire/batchHeader.ts";
import { type EnvelopeHash, fromHex, type NodeId } from "../../wire/ids.ts";
import type { Network } from "../../wire/network.ts";
import { type Receipt, verifyReceipt } from "../../wire/receipt.ts";
import type { KnownNode, StoredReceipt } from "../tables.ts";
import type { ReceiptTime } from "./inTime.ts";

/** Of the receipts, those that a registered node signed for this envelope; others count for nothing. */
export function verifyReceipts(params: {
  network: Network;
  nodes: ReadonlyMap<NodeId, KnownNode>;
  hash: EnvelopeHash;
  receipts: readonly Receipt[];
}): ReceiptTime[] {
  const { network, nodes, hash, receipts } = params;
  return receipts.flatMap((receipt) => {
    const { chainId, nodeRegistry, node, anchorBlock, timeMs } = receipt.header;
    const known = nodes.get(node);
    const isHere = chainId === network.chainId && nodeRegistry === network.nodeRegistry;
    if (!known || !isHere) return [];
    const signingKey = fromHex(known.signingKey);
    return verifyReceipt({ receipt, hash, signingKey }) ? [{ anchorBlock, timeMs }] : [];
  });
}

export function storedReceipt({ headerBytes: header, signature, index, siblings }: Receipt): StoredReceipt {
  return { header, signature, index, siblings };
}

export function receiptFromStored({ header, ...rest }: StoredReceipt): Receipt {
  return { ...rest, headerBytes: header, header: decodeBatchHeader(header) };
}
