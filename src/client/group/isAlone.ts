import type { GroupRecord } from "../../reconciler/records/records.ts";
import type { CoreParts } from "./core.ts";

/** True if a group has no other inbox: then nobody can be relied upon to take a new installation in. */
export function isAlone({ self }: CoreParts<"self">, { members }: GroupRecord): boolean {
  return members.every((inbox) => inbox === self.inbox);
}
