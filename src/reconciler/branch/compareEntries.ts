import type { EntryRecord } from "../records/records.ts";

type Placed = { readonly block: Pick<EntryRecord["block"], "number">; readonly logIndex: number };

/** The chain's order, for `Array.sort`: negative if `a` stands before `b`. */
export function compareEntries(a: Placed, b: Placed): number {
  return a.block.number - b.block.number || a.logIndex - b.logIndex;
}
