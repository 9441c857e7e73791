import type { CoreParts } from "./core.ts";
import type { Group } from "./group.ts";

/** Makes a group that is in the database part of the running client. */
export function addGroup(core: CoreParts<"feedsWakeup" | "groups" | "online">, group: Group): void {
  core.groups.set(group.id, group);
  core.online?.startLoops(group);
  core.feedsWakeup.wake();
}
