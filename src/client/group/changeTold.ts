import type { Write } from "../../store/writeAtomic.ts";
import type { GroupId } from "../../wire/ids.ts";
import type { JournalEvent } from "../database/journalRecord.ts";
import { withTallies } from "../database/withTallies.ts";
import { shownMs } from "../nodes/chainTime.ts";
import { isBlocked } from "./consent.ts";
import type { CoreParts } from "./core.ts";
import { writeNumbered } from "./writeNumbered.ts";

/**
 * Writes a change of the timeline of a group that this client has never been in and has only been told of: it has no
 * view in memory. Call it from within the queue of joins. Throws what a disk may say.
 */
export async function changeTold(params: {
  core: CoreParts<"consents" | "database" | "expiryWakeup" | "journal" | "links" | "self">;
  group: GroupId;
  writes: readonly Write[];
  events: readonly JournalEvent[];
}): Promise<void> {
  const { core, group, writes, events } = params;
  const { database } = core;
  const isLeftOut = (inbox: Parameters<typeof isBlocked>[1]): boolean => isBlocked(core, inbox);
  const at = { self: core.self.inbox, isLeftOut, atMs: shownMs(core.links) };
  const tallied = await withTallies({ database, group, writes, ...at });
  const told = [...events, ...(tallied.conversation ? [{ kind: "conversation" } as const] : [])];
  await writeNumbered({ core, group, writes: tallied.writes, events: told, sync: true });
  if (tallied.expires) core.expiryWakeup.wake();
}
