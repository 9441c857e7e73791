import type { MessageRecord, TimelineRecord } from "../../reconciler/records/timelineRecord.ts";
import type { Database } from "../../store/openDatabase.ts";
import type { GroupId, Hex, MessageId } from "../../wire/ids.ts";
import { tables } from "../database/tables.ts";

type Place = { readonly database: Database; readonly group: GroupId };

/** Reads a message from where it is shown. */
export async function readMessage(params: Place & { id: MessageId }): Promise<MessageRecord | undefined> {
  const record = await readRecord(params);
  return record?.kind === "message" ? record : undefined;
}

/** Reads the record of a timeline that has this id: of a message, an envelope's gap, or an entry. */
export async function readRecord(params: Place & { id: Hex }): Promise<TimelineRecord | undefined> {
  const { database, group, id } = params;
  const place = await tables.timelinePlace.get(database, { group, id });
  return place && (await tables.timeline.get(database, { group, ...place, id }));
}
