import type { BlockRef } from "../../wire/blockRef.ts";

/** What one node's receipt says about when the node took a message. */
export type ReceiptTime = { readonly anchorBlock: number; readonly timeMs: number };

export type LateLimits = { readonly lateCommits: number; readonly lateSeconds: number };

/**
 * Tells whether a message reached a node in time. It did if at most `lateCommits` entries were adopted after its head
 * by the receipt's anchor, or if the receipt's time is at most `lateSeconds` after the end of its epoch. Only the chain
 * and the receipt decide, so all members judge alike. "unknown" until this client has read the chain far enough to
 * tell.
 */
export function inTime(params: {
  receipt: ReceiptTime;
  /** Blocks of the adopted entries after the message's head, in order; the first one ended its epoch. */
  successors: readonly BlockRef[];
  /** The last block that this client has read. */
  processed: BlockRef;
  limits: LateLimits;
}): "yes" | "no" | "unknown" {
  const { receipt, successors, processed, limits } = params;
  const end = successors[0] ?? processed;
  if (receipt.timeMs <= (end.time + limits.lateSeconds) * 1000) return "yes";
  const commits = successors.filter((block) => block.number <= receipt.anchorBlock).length;
  if (commits > limits.lateCommits) return "no";
  return receipt.anchorBlock <= processed.number ? "yes" : "unknown";
}

/**
 * Judges a message by all its receipts: one that shows it in time is enough, and it is late only if all show it late.
 */
export function anyInTime(
  params: Omit<Parameters<typeof inTime>[0], "receipt"> & { receipts: readonly ReceiptTime[] },
): "yes" | "no" | "unknown" {
  const answers = params.receipts.map((receipt) => inTime({ ...params, receipt }));
  if (answers.includes("yes")) return "yes";
  return answers.includes("unknown") ? "unknown" : "no";
}
