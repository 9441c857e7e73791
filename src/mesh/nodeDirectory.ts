import type { Hex, NodeId } from "../wire/ids.ts";
import { MAX_LIVE_GENERATIONS, SHARD_GRACE_BLOCKS } from "../wire/limits.ts";
import { hasShard } from "../wire/shards.ts";

/** A node as the registry has it. */
export type RegisteredNode = {
  readonly node: NodeId;
  /** The node's P-256 key, compressed: 33 bytes. */
  readonly signingKey: Hex;
  /** The multihash bytes of the libp2p peer id that the node claims; see `provenPeerId`. */
  readonly peerId: Hex;
  /** The peer's signature, 64 bytes: see wire/peerProof.ts. */
  readonly peerProof: Hex;
  readonly multiaddrs: readonly string[];
  /** The newest generation of the node's logs. Generations grow: lower ones are past, higher ones are not known yet. */
  readonly generation: number;
  /** The generations before the newest one, the latest last, as far as they are known. */
  readonly formerGenerations?: readonly number[];
  readonly leavingBlock: number | undefined;
  readonly disabledBlock: number | undefined;
  /** The shards that the node serves, as a decimal number: bit n is set for shard n. */
  readonly shards: string;
  /** The shards that the node served before, each set until a block, the oldest first. */
  readonly formerShards: readonly { readonly shards: string; readonly untilBlock: number }[];
};

/** The registry as this node's index has it. */
export type NodeDirectory = {
  readonly nodes: () => readonly RegisteredNode[];
  /** Calls the listener after every change, until the returned function is called. */
  readonly onChange: (listener: () => void) => () => void;
};

export function findNode(directory: NodeDirectory, id: NodeId): RegisteredNode | undefined {
  return directory.nodes().find(({ node }) => node === id);
}

/** True if the node neither leaves nor is disabled. */
export function isActive(node: RegisteredNode): boolean {
  return node.leavingBlock === undefined && node.disabledBlock === undefined;
}

/** True if a generation is among the MAX_LIVE_GENERATIONS newest that the node has opened. */
export function isLive(node: RegisteredNode, generation: bigint): boolean {
  const former = node.formerGenerations?.slice(1 - MAX_LIVE_GENERATIONS) ?? [];
  return [...former, node.generation].some((one) => BigInt(one) === generation);
}

/** True if the node served the shard at some block at most SHARD_GRACE_BLOCKS before or after `block`. */
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
