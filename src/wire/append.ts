import type { Address, EntryId, GroupId } from "./ids.ts";

/** What CommitLog.append takes. */
export type Append = {
  readonly group: GroupId;
  /** The entry that this one builds on; the group id itself for the first. */
  readonly parent: EntryId | GroupId;
  /** The most children that the parent may have for this append to land; at most 2^24 - 1. */
  readonly limit: number;
  /** The address whose key signs the appends of this entry's children. */
  readonly authority: Address;
  readonly payload: Uint8Array;
  /**
   * The signature (EIP-712) of the parent's authority, of the genesis key for the first entry: see `signAppend`
   * (src/chain).
   */
  readonly signature: Uint8Array;
};
