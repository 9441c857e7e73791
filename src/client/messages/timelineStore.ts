import {
  type Deletion,
  type GapRecord,
  keyOf,
  type MessageRecord,
  sourceOf,
  type TimelineChange,
  type TimelineKey,
  type TimelineRecord,
} from "../../reconciler/records/timelineRecord.ts";
import type { Surroundings } from "../../reconciler/timeline/insertMessage.ts";
import { showRecord, type TimelineItem } from "../../reconciler/timeline/timelineItem.ts";
import { type Row, valuesOf } from "../../store/client/table.ts";
import type { Database } from "../../store/openDatabase.ts";
import type { Write } from "../../store/writeAtomic.ts";
import type { ApplicationMessage } from "../../wire/applicationMessage.ts";
import {
  type EnvelopeHash,
  type GroupId,
  type Hex,
  ID_BYTES,
  type InboxId,
  type MessageId,
} from "../../wire/ids.ts";
import { tables } from "../database/tables.ts";
import type { ClientEvent } from "../group/events.ts";

/** Stands in the place of an inbox for deletions by a control. */
const BY_CONTROL: Hex = `0x${"00".repeat(ID_BYTES)}`;

type Place = { readonly database: Database; readonly group: GroupId };

/** Deletions from these sources are left out. */
type Except = { readonly except?: { readonly has: (source: Hex) => boolean } | undefined };

/** Reads what the database holds around a message that is to be inserted. */
export async function readSurroundings(
  params: Place & Except & { message: ApplicationMessage & { readonly id: MessageId } },
): Promise<Surroundings> {
  const { message, except } = params;
  const { body } = message.content;
  const deletes = body.kind === "delete-own" ? body.message : undefined;
  const target = deletes && (await readMessage({ ...params, id: deletes }));
  return {
    record: await readMessage({ ...params, id: message.id }),
    deletions: await readDeletions({ ...params, target: message.id, author: message.content.inbox }),
    target,
    targetDeletions: target
      ? await readDeletions({
          ...{ ...params, target: target.id, author: target.content.inbox },
          except: { has: (source) => source === message.id || (except?.has(source) ?? false) },
        })
      : [],
  };
}

export async function readMessage(params: Place & { id: MessageId }): Promise<MessageRecord | undefined> {
  const record = await readRecord(params);
  return record?.kind === "message" ? record : undefined;
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

/** Reads the last records of a group's timeline, in its order. */
export async function readLatest(
  params: Place & { limit: number; before?: TimelineKey },
): Promise<TimelineRecord[]> {
  const { database, group, limit, before } = params;
  const after = before && { group, ...before };
  const query = { under: { group }, reverse: true, limit, ...(after ? { after } : {}) };
  return (await valuesOf(tables.timeline.rows(database, query))).reverse();
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

/** Turns changes of the timeline into writes, and into events for an app that shows it. */
export function timelineWrites(params: { group: GroupId; changes: readonly TimelineChange[] }): {
  writes: Write[];
  events: ClientEvent[];
} {
  const { group, changes } = params;
  return {
    writes: changes.flatMap((change) => writesOf(group, change)),
    events: changes.flatMap((change) => eventsOf(group, change)),
  };
}

function writesOf(group: GroupId, change: TimelineChange): Write[] {
  switch (change.kind) {
    case "put": {
      const { epoch, rank, id } = keyOf(change.record);
      const row = tables.timeline.put({ group, epoch, rank, id }, change.record);
      const isShown = change.record.kind !== "again";
      return [row, ...(isShown ? [tables.timelinePlace.put({ group, id }, { epoch, rank })] : [])];
    }
    case "drop": {
      const { epoch, rank, id } = keyOf(change.record);
      const row = tables.timeline.del({ group, epoch, rank, id });
      const isShown = change.record.kind !== "again";
      return [row, ...(isShown ? [tables.timelinePlace.del({ group, id })] : [])];
    }
    case "remember-deletion":
      return [tables.deletion.put(deletionKey(group, change.deletion), change.deletion)];
    case "forget-deletion":
      return [tables.deletion.del(deletionKey(group, change.deletion))];
    case "remember-replaced":
      return [tables.replaced.put({ group, envelope: change.envelope }, change.by)];
  }
}

function eventsOf(group: GroupId, change: TimelineChange): ClientEvent[] {
  if (change.kind !== "put" && change.kind !== "drop") return [];
  const item = showRecord(change.record);
  if (item) return [{ kind: change.kind === "put" ? "shown" : "hidden", group, item }];
  const gone = change.kind === "put" ? shownBefore(change.record) : undefined;
  return gone ? [{ kind: "hidden", group, item: gone }] : [];
}

/** Gives the item that was shown before: a message whose epoch vanished was shown in the same place. */
function shownBefore(record: TimelineRecord): TimelineItem | undefined {
  if (record.kind !== "message") return undefined;
  const [first, ...rest] = record.openings;
  return showRecord({ ...record, openings: [{ ...first, verdict: "counts" }, ...rest] });
}

export async function readRecord(params: Place & { id: Hex }): Promise<TimelineRecord | undefined> {
  const { database, group, id } = params;
  const place = await tables.timelinePlace.get(database, { group, id });
  return place && (await tables.timeline.get(database, { group, ...place, id }));
}

/** Reads deletions by a control and by the author: of each the one that reaches the latest epoch, if any. */
export async function readDeletions(
  params: Place & Except & { target: MessageId; author: InboxId },
): Promise<Deletion[]> {
  const { database, group, target, author, except } = params;
  const found: Deletion[] = [];
  for (const by of [BY_CONTROL, author]) {
    const under = { group, target, by };
    for await (const { value } of tables.deletion.rows(database, { under, reverse: true })) {
      if (except?.has(sourceOf(value))) continue;
      found.push(value);
      break;
    }
  }
  return found;
}

function deletionKey(group: GroupId, deletion: Deletion) {
  const { target, inbox, epoch, source } = deletion;
  const by = source.kind === "own" ? inbox : BY_CONTROL;
  return { group, target, by, epoch, source: sourceOf(deletion) };
}
