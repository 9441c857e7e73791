import { encodeAbiParameters, getAbiItem } from "viem";
import { keccak256 } from "../../crypto/keccak256.ts";
import { p256Coordinates } from "../../crypto/p256Point.ts";
import { type Address, fromHex, type Hex, ID_BYTES, toHex } from "../../wire/ids.ts";
import { nodeRegistryAbi } from "../abi/nodeRegistry.ts";
import { registeredAddresses } from "./registeredAddresses.ts";

/** What the registry holds of a node. */
export type NodeFields = {
  readonly operator: Address;
  readonly registeredBlock: number;
  /** Undefined unless it said that it leaves. */
  readonly leftBlock: number | undefined;
  readonly bondWei: bigint;
  readonly generation: bigint;
  /** Seconds since 1970; 0 unless it said that it leaves. */
  readonly withdrawableAt: number;
  /** Undefined unless it was proven to have equivocated. */
  readonly disabledBlock: number | undefined;
  /** Bit n: it serves shard n. */
  readonly shards: bigint;
  /** The registry holds nothing of it any more but operator and blocks. */
  readonly isDropped: boolean;
  /** P-256, compressed: 33 bytes. */
  readonly signingKey: Hex;
  /** Multihash bytes. */
  readonly peerId: Hex;
  /** 64 bytes: see wire/peerProof.ts. */
  readonly peerProof: Hex;
  readonly multiaddrs: readonly string[];
  readonly httpAddress: string;
};

const BLOCK_BITS = 48n;
const { outputs: NODE } = getAbiItem({ abi: nodeRegistryAbi, name: "nodes" });

/**
 * The word of a node's present fields, as NodeRegistry.nodeWords gives it. Throws `malformed` for a key that is none.
 * That of a node whose record was dropped says its blocks only.
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

/** Says of the registry's words that a node's record was dropped: no hash is so short. */
export function isDroppedWord(word: Hex): boolean {
  const value = BigInt(word);
  return value !== 0n && value < 1n << (3n * BLOCK_BITS);
}

/** What the word of a dropped record says. */
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
