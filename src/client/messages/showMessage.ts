import type { Expiry, Opening } from "../../reconciler/records/timelineRecord.ts";
import { insertMessage } from "../../reconciler/timeline/insertMessage.ts";
import type { GroupChange } from "../group/changeGroup.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { awaitedWrites, outcomeWrite } from "./judgeRecords.ts";
import { readerChanges } from "./readers.ts";
import { relatedAgain } from "./resealed.ts";
import { readGaps, readSurroundings, timelineWrites } from "./timelineStore.ts";

/**
 * Brings one sealing of a message into the timeline, own or received: no other way leads in. Gives what changes there,
 * with the outcome of its envelope and a note if the verdict can still change. Call it from within the group's queue.
 */
export async function showMessage(params: {
  core: CoreParts<"database" | "self">;
  group: Group;
  message: Parameters<typeof insertMessage>[0]["message"];
  /** The sealing, judged. */
  opening: Opening;
  /** When the sealing lets the message disappear; absent: it stays. */
  expiry?: Expiry | undefined;
  /** True if what nodes say of batches can still change the verdict on the sealing. */
  isAwaited: boolean;
}): Promise<Required<Pick<GroupChange, "writes" | "events" | "intents">>> {
  const { core, group, opening, expiry, isAwaited } = params;
  // What has nothing to erase does not disappear.
  const isBare = params.message.content.parts.length === 0;
  const message = { ...params.message, ...(expiry && !isBare ? { expiry } : {}) };
  const place = { database: core.database, group: group.id };
  const found = await readSurroundings({ ...place, message });
  const gaps = await readGaps({ ...place, envelopes: [...message.replaces, opening.envelope] });
  const changes = insertMessage({ message, opening, found: { ...found, gaps } });
  const { writes, events } = timelineWrites({ group: group.id, changes });
  const readers = await readerChanges({ core, group, changes });
  const intents = await relatedAgain({ core, database: core.database, group, changes });
  const after = isAwaited ? { isPending: opening.verdict === "pending" } : undefined;
  const awaited = awaitedWrites({ group, id: message.id, before: undefined, after });
  return {
    events: [...events, ...readers.events],
    intents,
    writes: [
      outcomeWrite({ core, group, record: message, opening }),
      ...awaited,
      ...writes,
      ...readers.writes,
    ],
  };
}
