import { type Batch, verifyBatch } from "../wire/batch.ts";
import type { BatchHeader } from "../wire/batchHeader.ts";
import { fromHex } from "../wire/ids.ts";
import { ANCHOR_LEAD_BLOCKS, LEAVING_GRACE_BLOCKS, MAX_CLOCK_SKEW_MS } from "../wire/limits.ts";
import type { Network } from "../wire/network.ts";
import { isShard, shardOfTopic } from "../wire/shards.ts";
import { findNode, isLive, type NodeDirectory, type RegisteredNode, servesNear } from "./nodeDirectory.ts";
import type { Verdict } from "./verdict.ts";

/**
 * Judges a decoded batch (its layout, count and Merkle root are checked already) by network, registry, signature and
 * clock. Undefined: nothing speaks against the batch, unless `needsCheckpoint` says that a checkpoint has to cover it.
 */
export function judgeBatch(params: {
  batch: Batch;
  network: Network;
  directory: NodeDirectory;
  now: number;
  /** The newest block that this node has read; if undefined, all blocks count as read. */
  chainBlock?: number | undefined;
}): Verdict | undefined {
  const { batch, network, directory, now, chainBlock = Number.POSITIVE_INFINITY } = params;
  const { header } = batch;
  // [REJECT] A batch of another network is wrong for all nodes here.
  if (header.chainId !== network.chainId || header.nodeRegistry !== network.nodeRegistry) {
    return { kind: "reject", reason: "wrong-network" };
  }
  const node = findNode(directory, header.node);
  // [PARK] This node's index may be behind, and an ignored batch would be lost: gossip brings it only once.
  if (node === undefined) return { kind: "park", reason: "unregistered-originator" };
  // [REJECT] A node id has one key for ever.
  if (!verifyBatch({ batch, signingKey: fromHex(node.signingKey) })) {
    return { kind: "reject", reason: "bad-signature" };
  }
  // [REJECT] A topic's shard follows from its bytes.
  if (!isOfShard({ batch, network })) return { kind: "reject", reason: "wrong-shard" };
  if (header.generation > BigInt(node.generation)) return { kind: "park", reason: "unknown-generation" };
  // [IGNORE] This depends on what this node's index has seen.
  if (header.anchorBlock > lastBlockOf(node)) return { kind: "ignore", reason: "originator-left" };
  const { shard, anchorBlock: block } = header;
  // [PARK] This node's index does not yet have what the registry said up to that block.
  if (block > chainBlock + ANCHOR_LEAD_BLOCKS) return { kind: "park", reason: "anchor-ahead" };
  if (network.shards > 1 && !servesNear({ node, shard, block })) {
    if (block > chainBlock) return { kind: "park", reason: "anchor-ahead" };
    return { kind: "ignore", reason: "unserved-shard" };
  }
  if (header.timeMs > now + MAX_CLOCK_SKEW_MS) return { kind: "park", reason: "from-the-future" };
  return undefined;
}

/**
 * True if a batch counts only when a checkpoint covers it: its node was disabled, or started to leave more than
 * LEAVING_GRACE_BLOCKS ago, or has opened MAX_LIVE_GENERATIONS generations since. A node that has nothing to lose any
 * more could sign without end.
 */
export function needsCheckpoint(params: {
  header: BatchHeader;
  directory: NodeDirectory;
  chainBlock?: number | undefined;
}): boolean {
  const { header, directory, chainBlock = Number.POSITIVE_INFINITY } = params;
  const node = findNode(directory, header.node);
  if (node === undefined) return false;
  const { leavingBlock = Number.POSITIVE_INFINITY } = node;
  if (node.disabledBlock !== undefined || chainBlock - leavingBlock > LEAVING_GRACE_BLOCKS) return true;
  return !isLive(node, header.generation);
}

/** Judges a header by the one before it. Only [IGNORE]: whether that one is held depends on the order of arrival. */
export function judgeSuccession(header: BatchHeader, before: BatchHeader): Verdict | undefined {
  if (header.anchorBlock < before.anchorBlock) return { kind: "ignore", reason: "anchor-went-back" };
  if (header.timeMs < before.timeMs) return { kind: "ignore", reason: "time-went-back" };
  return undefined;
}

function isOfShard({ batch, network }: { batch: Batch; network: Network }): boolean {
  const { header, envelopes } = batch;
  const { shards } = network;
  if (!isShard({ shard: header.shard, shards })) return false;
  return envelopes.every(({ topic }) => shardOfTopic({ topic, shards }) === header.shard);
}

function lastBlockOf({ leavingBlock, disabledBlock }: RegisteredNode): number {
  return Math.min(leavingBlock ?? Number.POSITIVE_INFINITY, disabledBlock ?? Number.POSITIVE_INFINITY);
}
