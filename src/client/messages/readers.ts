import {
  compareKeys,
  keyOf,
  type TimelineChange,
  type TimelineKey,
} from "../../reconciler/records/timelineRecord.ts";
import { isShown } from "../../reconciler/timeline/timelineItem.ts";
import type { Write } from "../../store/writeAtomic.ts";
import { asId, type GroupId, type InboxId, type MessageId, toHex } from "../../wire/ids.ts";
import { relationKinds } from "../../wire/relation.ts";
import type { ReaderRecord } from "../database/conversationRecord.ts";
import type { JournalEvent } from "../database/journalRecord.ts";
import { tables } from "../database/tables.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";

/** Somebody says to have read up to a message. */
type Reading = { readonly inbox: InboxId; readonly target: MessageId };

/** What changes of a timeline mean for how far others have read: the greatest place of each inbox stands. */
export async function readerChanges(params: {
  core: CoreParts<"database">;
  group: Group;
  changes: readonly TimelineChange[];
}): Promise<{ readonly writes: readonly Write[]; readonly events: readonly JournalEvent[] }> {
  const { core, group, changes } = params;
  const reached = new Map<InboxId, TimelineKey>();
  for (const { inbox, target } of await readingsIn(params)) {
    const key = await placeOf({ core, group, changes, target });
    const before = reached.get(inbox) ?? (await readerOf({ core, group, inbox }))?.upTo;
    if (key && (!before || compareKeys(key, before) > 0)) reached.set(inbox, key);
  }
  const at = { group: group.id };
  return {
    writes: [...reached].map(([inbox, upTo]) => tables.reader.put({ ...at, inbox }, { upTo })),
    events: [...reached.keys()].map((inbox) => ({ kind: "read", inbox })),
  };
}

/** Gives how far each inbox says to have read a group. */
export async function readersOf(params: {
  core: CoreParts<"database">;
  group: GroupId;
}): Promise<ReadonlyMap<InboxId, TimelineKey>> {
  const { core, group } = params;
  const readers = new Map<InboxId, TimelineKey>();
  for await (const { fields, value } of tables.reader.rows(core.database, { under: { group } })) {
    readers.set(asId<InboxId>(toHex(fields.inbox)), value.upTo);
  }
  return readers;
}

/** What a change says of readers, and what was said before of a message that comes now. */
async function readingsIn(params: {
  core: CoreParts<"database">;
  group: Group;
  changes: readonly TimelineChange[];
}): Promise<Reading[]> {
  const { core, group, changes } = params;
  const readings: Reading[] = [];
  for (const change of changes) {
    if (change.kind === "remember-relation") {
      const { kind, state, inbox, target } = change.relation;
      if (kind === relationKinds.read && state === "counts") readings.push({ inbox, target });
    }
    if (change.kind !== "put" || change.record.kind !== "message" || !isShown(change.record.content))
      continue;
    const target = change.record.id;
    const under = { group: group.id, target, state: 0, kind: relationKinds.read };
    for await (const { value } of tables.relation.rows(core.database, { under })) {
      readings.push({ inbox: value.inbox, target });
    }
  }
  return readings;
}

/** Where a message stands once the changes are written; undefined if it is not there, or not shown. */
async function placeOf(params: {
  core: CoreParts<"database">;
  group: Group;
  changes: readonly TimelineChange[];
  target: MessageId;
}): Promise<TimelineKey | undefined> {
  const { core, group, changes, target } = params;
  for (const change of changes) {
    if (change.kind !== "put" || change.record.kind !== "message" || change.record.id !== target) continue;
    return keyOf(change.record);
  }
  const place = await tables.timelinePlace.get(core.database, { group: group.id, id: target });
  const key = place && { ...place, id: target };
  const record = key && (await tables.timeline.get(core.database, { group: group.id, ...key }));
  return record?.kind === "message" && isShown(record.content) ? key : undefined;
}

async function readerOf(params: {
  core: CoreParts<"database">;
  group: Group;
  inbox: InboxId;
}): Promise<ReaderRecord | undefined> {
  const { core, group, inbox } = params;
  return await tables.reader.get(core.database, { group: group.id, inbox });
}
