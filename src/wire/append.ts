import type { Address, EntryId, GroupId } from "./ids.ts";

/** What CommitLog.append takes. */
export type Append = {
  readonly group: GroupId;
  /** The entry built on; the group id itself for the first. */
  readonly parent: EntryId | GroupId;
  /** The most children that the parent may have for this append to land; at most 2^24 - 1. */
  readonly limit: number;
  /** Whose key signs what builds on this entry. */
  readonly authority: Address;
  readonly payload: Uint8Array;
  /** EIP-712 by the parent's authority, by the genesis key for the first entry: see `signAppend` (src/chain). */
  readonly signature: Uint8Array;
};
