import type { Hex, NodeId } from "../wire/ids.ts";
import { MAX_LIVE_GENERATIONS, SHARD_GRACE_BLOCKS } from "../wire/limits.ts";
import { hasShard } from "../wire/shards.ts";

/** A node as the registry has it. */
export type RegisteredNode = {
  readonly node: NodeId;
  /** P-256, compressed: 33 bytes. */
  readonly signingKey: Hex;
  /** libp2p peer id as multihash bytes: as claimed, see `provenPeerId`. */
  readonly peerId: Hex;
  /** 64 bytes. */
  readonly peerProof: Hex;
  readonly multiaddrs: readonly string[];
  /** The log's newest generation; they grow: lower ones are history, higher ones are not known yet. */
  readonly generation: number;
  /** Those before it, the newest last, as far as they are known; none unless told. */
  readonly formerGenerations?: readonly number[];
  readonly leavingBlock: number | undefined;
  readonly disabledBlock: number | undefined;
  /** What it serves, in decimal digits: bit n is set for shard n. */
  readonly shards: string;
  /** What it served before, each until a block, the oldest first. */
  readonly formerShards: readonly { readonly shards: string; readonly untilBlock: number }[];
};

/** The registry as this node's index has it. */
export type NodeDirectory = {
  readonly nodes: () => readonly RegisteredNode[];
  /** Calls back after every change, until the returned function is called. */
  readonly onChange: (listener: () => void) => () => void;
};

export function findNode(directory: NodeDirectory, id: NodeId): RegisteredNode | undefined {
  return directory.nodes().find(({ node }) => node === id);
}

/** Still takes part: neither leaving nor disabled. */
export function isActive(node: RegisteredNode): boolean {
  return node.leavingBlock === undefined && node.disabledBlock === undefined;
}

/** Whether a generation of its log is among the newest that the node has opened. */
export function isLive(node: RegisteredNode, generation: bigint): boolean {
  const former = node.formerGenerations?.slice(1 - MAX_LIVE_GENERATIONS) ?? [];
  return [...former, node.generation].some((one) => BigInt(one) === generation);
}

/** True if the node served the shard at a block no further from this one than SHARD_GRACE_BLOCKS. */
export function servesNear(params: { node: RegisteredNode; shard: number; block: number }): boolean {
  const { node, shard, block } = params;
  const last = { shards: node.shards, untilBlock: Number.POSITIVE_INFINITY };
  let from = 0;
  for (const { shards, untilBlock } of [...node.formerShards, last]) {
    const isNear = from <= block + SHARD_GRACE_BLOCKS && untilBlock > block - SHARD_GRACE_BLOCKS;
    if (isNear && hasShard({ bitmap: BigInt(shards), shard })) return true;
    from = untilBlock;
  }
  return false;
}
