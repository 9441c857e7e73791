import type { BlockRef } from "./blockRef.ts";
import type { Address, EntryId, GroupId, Hex, InboxId, NodeId } from "./ids.ts";
import type { LogId } from "./logRange.ts";

/** An entry of a group; the group id itself names the root, of which only the children are counted. */
export type EntryPlace = { readonly group: GroupId; readonly id: EntryId | GroupId };

/** A checkpoint of a node's log; `block` is the number of the block that holds it. */
export type CheckpointPlace = { readonly log: LogId; readonly sequence: bigint; readonly block: number };

/** What of the contracts is asked for; together at most `MAX_WORDS_PER_CALL` items. */
export type WordsList = {
  readonly entries: readonly EntryPlace[];
  readonly inboxes: readonly InboxId[];
  readonly wallets: readonly Address[];
  readonly nodes: readonly NodeId[];
  readonly checkpoints: readonly CheckpointPlace[];
  /** Numbers of blocks. */
  readonly blocks: readonly number[];
};

/** What the contracts hold at the end of the block with this hash. */
export type WordsQuestion = WordsList & { readonly block: Hex };

/** Each list is as long as the one that was asked for, and in its order. */
export type Words = {
  /** The block that was asked for. */
  readonly block: BlockRef;
  /** See `entryWord`; zero if there is no such entry. */
  readonly entries: readonly Hex[];
  /** The word of the whole history of each inbox; zero if there is no such inbox. */
  readonly inboxes: readonly Hex[];
  /** The inbox that each wallet is linked to. */
  readonly wallets: readonly (InboxId | undefined)[];
  /** The word of the present fields of each node; zero if there is no such node. */
  readonly nodes: readonly Hex[];
  /** How many nodes the registry holds a record of: every registered node but those whose record was dropped. */
  readonly nodeCount: number;
  /** The header hash that each checkpoint names; undefined if the block has no such checkpoint. */
  readonly checkpoints: readonly (Hex | undefined)[];
  /** Undefined for a block that comes after the one asked for. */
  readonly blocks: readonly (BlockRef | undefined)[];
};

export type WordsAnswer = {
  /** The newest block of the answerer's chain. */
  readonly head: BlockRef | undefined;
  /** Undefined: the block that was asked for is not on the answerer's chain, or not yet. */
  readonly words: Words | undefined;
};

/** What the contract holds of an entry: it fits into one number of 32 bytes, see `entryWord`. */
export type EntryWord = {
  /** Zero for the root. */
  readonly authority: Address;
  /** Number of the block that holds it; 0 for the root. */
  readonly block: number;
  /** How many siblings came before it. */
  readonly index: number;
  readonly children: number;
};

const BLOCK_SHIFT = 160n;
const INDEX_SHIFT = 208n;
const CHILDREN_SHIFT = 232n;
const WORD_DIGITS = 64;
const ADDRESS_DIGITS = 40;

/**
 * Encodes an entry's word: authority | block << 160 | index << 208 | children << 232, as CommitLog.entryWords gives it.
 */
export function entryWord({ authority, block, index, children }: EntryWord): Hex {
  const word =
    BigInt(authority) |
    (BigInt(block) << BLOCK_SHIFT) |
    (BigInt(index) << INDEX_SHIFT) |
    (BigInt(children) << CHILDREN_SHIFT);
  return `0x${word.toString(16).padStart(WORD_DIGITS, "0")}`;
}

/** Reads the fields of an entry's word of 32 bytes. */
export function readEntryWord(hex: Hex): EntryWord {
  const word = BigInt(hex);
  const authority = BigInt.asUintN(160, word).toString(16).padStart(ADDRESS_DIGITS, "0");
  return {
    authority: `0x${authority}` as Address,
    block: Number(BigInt.asUintN(48, word >> BLOCK_SHIFT)),
    index: Number(BigInt.asUintN(24, word >> INDEX_SHIFT)),
    children: Number(BigInt.asUintN(24, word >> CHILDREN_SHIFT)),
  };
}

/** Counts the items that a list names. */
export function countWords(list: WordsList): number {
  const { entries, inboxes, wallets, nodes, checkpoints, blocks } = list;
  const lists = [entries, inboxes, wallets, nodes, checkpoints, blocks];
  return lists.reduce((sum, { length }) => sum + length, 0);
}
