import type { EntryRecord, HeadId } from "../records/records.ts";

/** True if `ancestor` is an ancestor of `head`, or `head` itself. */
export function standsOn(params: {
  entries: ReadonlyMap<HeadId, EntryRecord>;
  head: HeadId;
  ancestor: HeadId;
}): boolean {
  const { entries, head, ancestor } = params;
  for (let at: HeadId | undefined = head; at !== undefined; at = entries.get(at)?.parent) {
    if (at === ancestor) return true;
  }
  return false;
}
