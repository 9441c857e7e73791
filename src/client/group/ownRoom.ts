import type { GroupRecord } from "../../reconciler/records/records.ts";
import { compareDirects } from "../../reconciler/view/directs.ts";
import type { InboxId } from "../../wire/ids.ts";
import type { CoreParts } from "./core.ts";
import type { Group } from "./group.ts";

/** True for an own room of an inbox: in it are that inbox's installations and nobody else. */
export function isOwnRoom({ closed }: Pick<GroupRecord, "closed">, self: InboxId): boolean {
  return closed?.kind === "own" && closed.inboxes[0] === self;
}

/** Lists the own rooms of this client's inbox, those that were first on the chain first. */
export function ownRooms({ groups, self }: CoreParts<"groups" | "self">): Group[] {
  const rooms = [...groups.values()].filter(({ view }) => isOwnRoom(view.record, self.inbox));
  return rooms.toSorted((a, b) => compareDirects(a.view, b.view));
}

/** The own room that is written to: the first on the chain among those that this client is in. */
export function roomToWrite(core: CoreParts<"groups" | "self">): Group | undefined {
  return ownRooms(core).find(({ view }) => view.record.status === "member" && !view.record.isFormer);
}
