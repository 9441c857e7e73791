import type { EntryRecord, HeadId } from "../records/records.ts";
import type { GroupView } from "./viewOfGroup.ts";

/** The entry below `parent` that this client follows, or that has cut it off or taken it out; there is one at most. */
export function decisiveChild(params: {
  below: GroupView["below"];
  parent: HeadId;
}): EntryRecord | undefined {
  return params.below
    .get(params.parent)
    ?.find(({ verdict }) => verdict.kind === "adopted" || verdict.kind === "cut-off");
}
