import type { Entry } from "../../wire/chainEntry.ts";
import { HANGING } from "../branch/deadRuns.ts";
import type { HeadId } from "../records/records.ts";
import type { GroupView } from "./viewOfGroup.ts";

/** The parent of an entry that counts for nothing, or the stand-in for a parent that is not kept. */
export function parentOfDead(
  { entries, record }: Pick<GroupView, "entries" | "record">,
  { parent }: Pick<Entry, "parent">,
): HeadId {
  return parent === record.group || entries.has(parent) ? parent : HANGING;
}
