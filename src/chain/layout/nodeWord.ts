import { encodeAbiParameters, getAbiItem } from "viem";
import { keccak256 } from "../../crypto/keccak256.ts";
import { p256Coordinates } from "../../crypto/p256Point.ts";
import { type Address, fromHex, type Hex, ID_BYTES, toHex } from "../../wire/ids.ts";
import { nodeRegistryAbi } from "../abi/nodeRegistry.ts";
import { registeredAddresses } from "./registeredAddresses.ts";

/** What NodeRegistry holds about a node. */
export type NodeFields = {
  readonly operator: Address;
  readonly registeredBlock: number;
  /** The block in which the node started to leave; undefined if it did not. */
  readonly leftBlock: number | undefined;
  readonly bondWei: bigint;
  readonly generation: bigint;
  /** When the bond can be withdrawn, in seconds since 1970; 0 unless the node has started to leave. */
  readonly withdrawableAt: number;
  /** The block in which the node was proven to have equivocated; undefined if it was not. */
  readonly disabledBlock: number | undefined;
  /** Bit n is set if the node serves shard n. */
  readonly shards: bigint;
  /** True if the registry has dropped the node's record: only operator and block numbers are left. */
  readonly isDropped: boolean;
  /** The node's P-256 key, compressed: 33 bytes. */
  readonly signingKey: Hex;
  /** The multihash bytes of the libp2p peer id. */
  readonly peerId: Hex;
  /** The peer's signature, 64 bytes: see wire/peerProof.ts. */
  readonly peerProof: Hex;
  readonly multiaddrs: readonly string[];
  readonly httpAddress: string;
};

const BLOCK_BITS = 48n;
const { outputs: NODE } = getAbiItem({ abi: nodeRegistryAbi, name: "nodes" });

/**
 * Computes a node's word as NodeRegistry.nodeWords gives it: the hash of the node's ABI-encoded record, or for a
 * dropped record its three block numbers. Throws `malformed` for a key or peer id that is none.
 */
export function nodeWord(fields: NodeFields): Hex {
  const { operator, registeredBlock, generation, withdrawableAt, shards } = fields;
  const { leftBlock = 0, disabledBlock = 0 } = fields;
  if (fields.isDropped) return droppedWord({ registeredBlock, leftBlock, disabledBlock });
  const { x, y } = p256Coordinates(fromHex(fields.signingKey));
  const [peerId, peerProof] = [fromHex(fields.peerId), fromHex(fields.peerProof)];
  const node = {
    ...{ operator, registeredBlock, generation, withdrawableAt, shards, disabledBlock },
    leavingBlock: leftBlock,
    bond: fields.bondWei,
    x: toHex(x),
    y: toHex(y),
    addresses: registeredAddresses({ ...fields, peerId, peerProof }),
  };
  return toHex(keccak256(fromHex(encodeAbiParameters(NODE, [node]))));
}

/** True if a node's word is that of a dropped record: block numbers only, which are shorter than any hash. */
export function isDroppedWord(word: Hex): boolean {
  const value = BigInt(word);
  return value !== 0n && value < 1n << (3n * BLOCK_BITS);
}

/** Reads the word of a dropped record. `leftBlock`: the block in which the node started to leave, if it did. */
export function droppedBlocks(word: Hex): { leftBlock: number | undefined; disabled: boolean } {
  const value = BigInt(word);
  const blockAt = (place: bigint): number =>
    Number(BigInt.asUintN(Number(BLOCK_BITS), value >> (place * BLOCK_BITS)));
  return { leftBlock: blockAt(1n) || undefined, disabled: blockAt(2n) !== 0 };
}

function droppedWord(blocks: { registeredBlock: number; leftBlock: number; disabledBlock: number }): Hex {
  const { registeredBlock, leftBlock, disabledBlock } = blocks;
  const word =
    BigInt(registeredBlock) |
    (BigInt(leftBlock) << BLOCK_BITS) |
    (BigInt(disabledBlock) << (2n * BLOCK_BITS));
  return `0x${word.toString(16).padStart(2 * ID_BYTES, "0")}`;
}
