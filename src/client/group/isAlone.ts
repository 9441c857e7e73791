import type { GroupRecord } from "../../reconciler/records/records.ts";
import type { ClientCore } from "./core.ts";

/** True if a group has no other inbox: then nobody can be relied upon to take a new installation in. */
export function isAlone({ self }: Pick<ClientCore, "self">, { members }: GroupRecord): boolean {
  return members.every((inbox) => inbox === self.inbox);
}
