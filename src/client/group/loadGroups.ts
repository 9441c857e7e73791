import { steadyMs } from "../../clock/steadyMs.ts";
import { compareEntries } from "../../reconciler/branch/compareEntries.ts";
import { publishedInTrueTime, withTrueTimes } from "../../reconciler/intents/storedTimes.ts";
import { type Held, heldRow, NOTHING_HELD, withHeld } from "../../reconciler/messages/held.ts";
import { type Intent, isOpen } from "../../reconciler/records/intent.ts";
import type { EntryRecord, GroupRecord, HeadId, StagedRecord } from "../../reconciler/records/records.ts";
import { type GroupView, type Publication, viewOfGroup } from "../../reconciler/view/viewOfGroup.ts";
import { valuesOf } from "../../store/client/table.ts";
import type { Database } from "../../store/openDatabase.ts";
import { type EntryId, type GroupId, toHex } from "../../wire/ids.ts";
import { tables } from "../database/tables.ts";
import { createGroupHandle, type Group, NO_BLOCK } from "./group.ts";

/** Reads all groups as they were left. */
export async function loadGroups(database: Database): Promise<{ groups: Group[]; nextSequence: number }> {
  const nowMs = steadyMs();
  const intents: Intent[] = [];
  for await (const { fields } of tables.openIntent.rows(database)) {
    const intent = await tables.outbox.get(database, fields);
    if (intent && isOpen(intent)) intents.push(withTrueTimes({ intent, nowMs }));
  }
  const [last] = await valuesOf(tables.outbox.rows(database, { reverse: true, limit: 1 }));
  const nextSequence = (last?.sequence ?? 0) + 1;
  const publications: Publication[] = [];
  for await (const { fields, value } of tables.publication.rows(database)) {
    const publication = { sequence: Number(fields.sequence), part: fields.part, record: value };
    publications.push(publishedInTrueTime({ publication, nowMs }));
  }
  const records = await valuesOf(tables.group.rows(database));
  const groups: Group[] = [];
  for (const record of records) {
    groups.push(await loadGroup({ database, record, intents, publications }));
  }
  return { groups, nextSequence };
}

async function loadGroup(params: {
  database: Database;
  record: GroupRecord;
  intents: readonly Intent[];
  publications: readonly Publication[];
}): Promise<Group> {
  const { database, record } = params;
  const { group: id } = record;
  const entries = await valuesOf(tables.entry.rows(database, { under: { group: id } }));
  entries.sort(compareEntries);
  const runs = await valuesOf(tables.deadRun.rows(database, { under: { group: id } }));
  const staged = new Map<EntryId, StagedRecord>();
  for await (const { fields, value } of tables.staged.rows(database, { under: { group: id } })) {
    staged.set(toHex(fields.entry) as EntryId, value);
  }
  const view = viewOfGroup({
    record,
    entries: new Map<HeadId, EntryRecord>(entries.map((entry) => [entry.id, entry])),
    dead: Map.groupBy(runs, ({ parent }) => parent),
    intents: params.intents.filter(({ group }) => group === id),
    publications: params.publications.filter((one) => one.record.group === id),
    staged,
    held: await loadHeld({ database, id }),
  });
  return createGroupHandle({ id, view, processed: newestBlock(view) });
}

async function loadHeld(params: { database: Database; id: GroupId }): Promise<GroupView["held"]> {
  const { database, id: group } = params;
  let held: Held = { ...NOTHING_HELD, unheld: await tables.unheld.get(database, { group }) };
  for await (const { fields, value } of tables.held.rows(database, { under: { group } })) {
    const row = heldRow({ arrival: Number(fields.arrival), record: value });
    if (row) held = withHeld({ held, hash: value.hash, row });
  }
  return held;
}

/** Gives the newest block up to which the chain was read, and agreed on, at the least. */
function newestBlock({ entries, dead }: GroupView): Group["processed"] {
  let newest = NO_BLOCK;
  const agreed = [...entries.values()].filter(({ isProvisional }) => !isProvisional);
  for (const { block } of [...agreed, ...[...dead.values()].flat()])
    if (block.number > newest.number) newest = block;
  return newest;
}
