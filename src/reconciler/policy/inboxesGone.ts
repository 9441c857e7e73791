import type { InboxId } from "../../wire/ids.ts";
import type { Member } from "./roleOf.ts";

/** Lists the inboxes that lose their last leaf by these removals. */
export function inboxesGone(params: {
  members: readonly Member[];
  removes: readonly Member[];
}): Set<InboxId> {
  const { members, removes } = params;
  const removed = new Set(removes.map((m) => m.installation));
  const staying = new Set(members.filter((m) => !removed.has(m.installation)).map((m) => m.inbox));
  return new Set(removes.map((m) => m.inbox).filter((inbox) => !staying.has(inbox)));
}
