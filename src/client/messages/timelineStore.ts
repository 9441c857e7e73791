import {
  type GapRecord,
  keyOf,
  type TimelineChange,
  type TimelineKey,
  type TimelineRecord,
} from "../../reconciler/records/timelineRecord.ts";
import type { Surroundings } from "../../reconciler/timeline/insertMessage.ts";
import { isItem, isShownRecord, silentMessage } from "../../reconciler/timeline/timelineItem.ts";
import type { Row } from "../../store/client/table.ts";
import type { Database } from "../../store/openDatabase.ts";
import type { Write } from "../../store/writeAtomic.ts";
import type { ApplicationMessage } from "../../wire/applicationMessage.ts";
import type { EnvelopeHash, GroupId, MessageId } from "../../wire/ids.ts";
import { relationKinds } from "../../wire/relation.ts";
import type { JournalEvent } from "../database/journalRecord.ts";
import { tables } from "../database/tables.ts";
import { readMessage, readRecord } from "./readMessage.ts";
import { readKnown, readOthers, relationKey } from "./relationStore.ts";

const EMPTY = new Uint8Array(0);

type Place = { readonly database: Database; readonly group: GroupId };

/**
 * Reads what the database holds around a message that is to be inserted. `isTold`: another device has told of it.
 */
export async function readSurroundings(
  params: Place & {
    message: Pick<ApplicationMessage, "content"> & { readonly id: MessageId };
    isTold?: boolean;
  },
): Promise<Surroundings> {
  const { message, isTold = false } = params;
  const { id, content } = message;
  const { relation, inbox } = content;
  const target =
    relation?.target === undefined ? undefined : await readMessage({ ...params, id: relation.target });
  return {
    record: await readMessage({ ...params, id }),
    known: await readKnown({ ...params, target: id, content, isTold }),
    target,
    others: await readOthers({ ...params, target, kind: relation?.kind, inbox, source: id }),
  };
}

/** Reads the gaps that stand in the place of these envelopes. */
export async function readGaps(params: Place & { envelopes: readonly EnvelopeHash[] }): Promise<GapRecord[]> {
  const records = await Promise.all(params.envelopes.map((id) => readRecord({ ...params, id })));
  return records.flatMap((record) => (record?.kind === "gap" ? [record] : []));
}

export async function readReplacement(
  params: Place & { envelope: EnvelopeHash },
): Promise<MessageId | undefined> {
  return await tables.replaced.get(params.database, params);
}

/**
 * Reads records after a place of the timeline, in its order, or those before it, the last one first; only those of one
 * epoch if it is given.
 */
export function readRecords(
  params: Place & { after?: TimelineKey; epoch?: number; reverse?: boolean },
): AsyncIterable<Row<typeof tables.timeline.record.key, TimelineRecord>> {
  const { database, group, after, epoch, reverse = false } = params;
  const under = epoch === undefined ? { group } : { group, epoch };
  return tables.timeline.rows(database, { under, reverse, ...(after ? { after: { group, ...after } } : {}) });
}

/** Turns changes of the timeline into writes, and into what readers of the journal are told of them. */
export function timelineWrites(params: { group: GroupId; changes: readonly TimelineChange[] }): {
  writes: Write[];
  events: JournalEvent[];
} {
  const { group, changes } = params;
  return {
    writes: changes.flatMap((change) => writesOf(group, change)),
    events: changes.flatMap(eventsOf),
  };
}

function writesOf(group: GroupId, change: TimelineChange): Write[] {
  switch (change.kind) {
    case "put": {
      const { epoch, rank, id } = keyOf(change.record);
      const row = tables.timeline.put({ group, epoch, rank, id }, change.record);
      const isFirst = change.record.kind !== "again";
      return [
        row,
        ...(isFirst ? [tables.timelinePlace.put({ group, id }, { epoch, rank })] : []),
        ...(hasNotes(change.record) ? [tables.untaken.put({ group, id }, EMPTY)] : []),
      ];
    }
    case "drop": {
      const { epoch, rank, id } = keyOf(change.record);
      const row = tables.timeline.del({ group, epoch, rank, id });
      const isFirst = change.record.kind !== "again";
      return [row, ...(isFirst ? [tables.timelinePlace.del({ group, id })] : [])];
    }
    case "remember-relation":
      return [tables.relation.put(relationKey(group, change.relation), change.relation)];
    case "forget-relation":
      return [tables.relation.del(relationKey(group, change.relation))];
    case "remember-replaced":
      return [tables.replaced.put({ group, envelope: change.envelope }, change.by)];
  }
}

/** True for a message that counts and holds notes: they are taken when it is in the database. */
function hasNotes(record: TimelineRecord): boolean {
  if (record.kind !== "message" || record.content.relation?.kind !== relationKinds.notes) return false;
  return record.openings[0].verdict === "counts";
}

function eventsOf(change: TimelineChange): JournalEvent[] {
  if (change.kind !== "put" && change.kind !== "drop") return [];
  const { kind, record } = change;
  const key = keyOf(record);
  if (isItem(record)) return [{ kind: kind === "put" ? "shown" : "hidden", key }];
  if (kind === "drop" || record.kind !== "message") return [];
  const silent = silentMessage(record);
  if (silent) return [{ kind: "silent", message: record.id }];
  // A message whose epoch vanished was shown in the same place before.
  return isShownRecord(record) ? [{ kind: "hidden", key }] : [];
}
