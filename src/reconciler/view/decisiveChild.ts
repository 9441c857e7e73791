import type { EntryRecord, HeadId } from "../../client/database/tables.ts";
import type { GroupView } from "../../client/group/group.ts";

/** The entry below `parent` that this client follows, or that has cut it off or taken it out; there is one at most. */
export function decisiveChild(params: {
  below: GroupView["below"];
  parent: HeadId;
}): EntryRecord | undefined {
  return params.below
    .get(params.parent)
    ?.find(({ verdict }) => verdict.kind === "adopted" || verdict.kind === "cut-off");
}
