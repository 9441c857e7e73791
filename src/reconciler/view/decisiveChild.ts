import type { EntryRecord, HeadId } from "../records/records.ts";
import type { GroupView } from "./viewOfGroup.ts";

/** Finds the child of `parent` that this client follows, or that has cut it off or removed it; there is at most one. */
export function decisiveChild(params: {
  children: GroupView["children"];
  parent: HeadId;
}): EntryRecord | undefined {
  return params.children
    .get(params.parent)
    ?.find(({ verdict }) => verdict.kind === "adopted" || verdict.kind === "cut-off");
}
