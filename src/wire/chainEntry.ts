import type { BlockRef } from "./blockRef.ts";
import type { Address, EntryId, GroupId, Hex } from "./ids.ts";

/** An entry of a group as the chain has it. */
export type Entry = {
  readonly group: GroupId;
  readonly id: EntryId;
  /** The group id for a first entry. */
  readonly parent: EntryId | GroupId;
  /** The entry's place among the parent's children, from 0 on. */
  readonly index: number;
  readonly authority: Address;
  readonly payload: Uint8Array;
  readonly block: BlockRef;
  readonly logIndex: number;
};

/** What a node keeps of an entry for ever; its payload may be dropped. */
export type EntryFields = Omit<Entry, "payload">;

/** The place right after an entry; the hash tells whether its block is still on the chain. */
export type EntryCursor = { readonly block: number; readonly logIndex: number; readonly blockHash: Hex };

/** Part of a group's entries, as one node tells them. */
export type EntryPage = {
  /** The cursor that counted; undefined: from the beginning. */
  readonly from: EntryCursor | undefined;
  /** In chain order. */
  readonly entries: readonly Entry[];
  readonly more: boolean;
  /** The head is that of the node's index; unless there is more, the page holds all up to it and nothing after it. */
  readonly head: BlockRef | undefined;
};
