import type { EntryRecord, HeadId } from "../tables.ts";

/** The entry below `parent` that this client follows, or that has cut it off or taken it out; there is one at most. */
export function decisiveChild(params: {
  entries: ReadonlyMap<HeadId, EntryRecord>;
  parent: HeadId;
}): EntryRecord | undefined {
  for (const entry of params.entries.values()) {
    if (entry.parent !== params.parent) continue;
    if (entry.verdict.kind === "adopted" || entry.verdict.kind === "cut-off") return entry;
  }
  return undefined;
}
