import { compareEntries } from "../branch/compareEntries.ts";
import { standsOn } from "../branch/standsOn.ts";
import type { EnteredRecord, EntryRecord, HeadId } from "../records/records.ts";
import type { GroupView } from "./viewOfGroup.ts";

/**
 * Finds the entry to which this client goes back. It is the most recent entry, on the chain before the one that added
 * this client last, that had added it earlier; otherwise the earliest epoch of that membership. The entry must have
 * been adopted: if an own entry is refused or dead, the state that it would have opened is kept no longer than the
 * epoch on which it stands. Memberships that this client left on purpose are skipped while the entry that replaced them
 * is on the chain. Pure.
 */
export function formerHead(params: {
  view: Pick<GroupView, "record" | "entries">;
  /** Epochs whose whole state is still stored. */
  whole: readonly { readonly head: HeadId; readonly epoch: number }[];
  entered: ReadonlyMap<HeadId, EnteredRecord>;
}): HeadId | undefined {
  const { view, whole, entered } = params;
  const { entries, record } = view;
  const start = entries.get(record.start.head);
  const left = [...entered].flatMap(([head, { isLeft }]) =>
    isLeft && start && entries.has(head) ? [head] : [],
  );
  const heads = whole
    .filter(({ head }) => head === record.group || entries.has(head))
    .filter(({ head }) => head !== record.start.head && !isBehind(entries.get(head), start))
    .filter(({ head }) => !left.some((ancestor) => standsOn({ entries, head, ancestor })))
    .toSorted((a, b) => a.epoch - b.epoch)
    .map(({ head }) => head);
  const last = heads
    .flatMap((head) => (entered.has(head) ? (entries.get(head) ?? []) : []))
    .toSorted(compareEntries)
    .at(-1);
  return last?.id ?? heads[0];
}

function isBehind(one: EntryRecord | undefined, other: EntryRecord | undefined): boolean {
  return one !== undefined && other !== undefined && compareEntries(one, other) > 0;
}
