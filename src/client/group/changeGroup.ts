import { isStorageFault, WeftError } from "../../errors.ts";
import type { DeadRuns } from "../../reconciler/branch/deadRuns.ts";
import { waitingChanges } from "../../reconciler/intents/waitingItem.ts";
import { type Intent, isOpen } from "../../reconciler/records/intent.ts";
import type {
  DeadRun,
  EntryRecord,
  GroupRecord,
  HeadId,
  StagedRecord,
} from "../../reconciler/records/records.ts";
import {
  type GroupView,
  type Publication,
  viewOfGroup,
  viewWith,
} from "../../reconciler/view/viewOfGroup.ts";
import { type Write, writeAtomic } from "../../store/writeAtomic.ts";
import type { EntryId, InboxId } from "../../wire/ids.ts";
import { epochWrites, remember, type StoredEpoch } from "../database/epochStates.ts";
import type { JournalEvent } from "../database/journalRecord.ts";
import { type CopyEvidence, tables } from "../database/tables.ts";
import { type Tallied, withTallies } from "../database/withTallies.ts";
import { shownMs } from "../nodes/chainTime.ts";
import { isBlocked } from "./consent.ts";
import type { ChangingCore } from "./core.ts";
import type { Group } from "./group.ts";
import { numberChanges } from "./journal.ts";
import { copyRecord, takeCopy } from "./noticeCopy.ts";
import { notifyIntent } from "./waiters.ts";

const EMPTY = new Uint8Array(0);

/** What one step changes in a group: all of it in one batch, or nothing. */
export type GroupChange = {
  readonly record?: GroupRecord;
  readonly entries?: readonly EntryRecord[];
  readonly droppedEntries?: readonly EntryRecord[];
  /** By parent, all runs of its dead children that were counted. */
  readonly dead?: ReadonlyMap<HeadId, readonly DeadRun[]>;
  readonly droppedDead?: readonly DeadRun[];
  readonly intents?: readonly Intent[];
  readonly publications?: readonly Publication[];
  readonly droppedPublications?: readonly Publication[];
  readonly staged?: readonly (readonly [EntryId, StagedRecord])[];
  readonly droppedStaged?: readonly EntryId[];
  readonly epochs?: readonly {
    readonly head: HeadId;
    readonly epoch: StoredEpoch;
    readonly isNew: boolean;
  }[];
  readonly droppedEpochs?: readonly HeadId[];
  readonly held?: GroupView["held"];
  /** Set if another database uses the keys of this one. */
  readonly copy?: CopyEvidence | undefined;
  /** Lets the group's topic be read again: what moves its reader back (`readAnewWrites`). */
  readonly topicAnew?: readonly Write[];
  /** Writes to the other tables. */
  readonly writes?: readonly Write[];
  /** What readers of the journal are told of the timeline and of how the group stands; all else is told from the change. */
  readonly events?: readonly JournalEvent[];
  /** True if the change has to be on disk before anything of it leaves this machine. */
  readonly sync?: boolean;
};

/**
 * Writes a change and then lets memory follow; for a group that was forgotten nothing is done. Call it from within the group's queue. Throws a fault of the disk
 * (`storage`, `disk-full`, `damaged-database`) if the write fails, or if an earlier one failed and not all is read anew
 * yet.
 */
export async function changeGroup(params: {
  core: ChangingCore;
  group: Group;
  change: GroupChange;
}): Promise<void> {
  const { core, group, change } = params;
  const { database } = core;
  if (group.forgotten.signal.aborted) return;
  if (group.isDoubtful) {
    const message = `after a failed write ${database.path} is opened again`;
    throw core.storageFault ?? new WeftError({ code: "storage", message });
  }
  const copy = change.copy && copyRecord(core, change.copy);
  const writes = [...writesOf(group, change), ...(copy ? [tables.copy.put({}, copy)] : [])];
  const isLeftOut = (inbox: InboxId): boolean => isBlocked(core, inbox);
  const at = { self: core.self.inbox, isLeftOut, atMs: shownMs(core.links) };
  const tallied = await withTallies({ database, group: group.id, writes, ...at });
  const { journal } = core;
  const events = eventsOf({ group, change, tallied });
  const numbered = await numberChanges({ database, journal, group: group.id, events });
  const sync = (change.sync ?? false) || copy !== undefined;
  const all = [...tallied.writes, ...numbered.writes];
  await writeAtomic({ database, writes: all, sync }).catch((error: unknown) => {
    // The write may have landed or not: what the disk holds now, memory can't tell.
    numbered.failed();
    group.isDoubtful = true;
    core.onStorageFault(isStorageFault(error) ? error : undefined);
    throw error;
  });
  if (copy) takeCopy(core, copy);
  for (const { head, epoch } of change.epochs ?? []) remember(group.epochs, head, epoch);
  for (const head of change.droppedEpochs ?? []) group.epochs.delete(head);
  group.view = viewAfter(group.view, change);
  for (const intent of change.intents ?? []) notifyIntent(core, intent);
  if (tallied.expires) core.expiryWakeup.wake();
  numbered.done();
  core.changes++;
  if (change.topicAnew) {
    group.topicReadings++;
    core.feedsWakeup.wake();
  }
  group.outboxWakeup.wake();
  group.deliveryWakeup.wake();
  group.upkeepWakeup.wake();
  group.fenceWakeup.wake();
  group.rotationWakeup.wake();
  if (group.view.record.closed?.kind === "own") core.ownRoomWakeup.wake();
}

/** All that readers of the journal are told of a change: what it says itself, and what follows from what it writes. */
function eventsOf(params: { group: Group; change: GroupChange; tallied: Tallied }): JournalEvent[] {
  const { group, change, tallied } = params;
  const { intents = [], entries = [], droppedEntries = [], events = [] } = change;
  const arrived = new Map(tallied.arrived.map((key) => [key.id, key]));
  const told = events.map((event): JournalEvent => {
    if (event.kind !== "shown" || !arrived.delete(event.key.id)) return event;
    return { ...event, isNew: true };
  });
  return [
    ...waitingChanges({ before: group.view.intents, changed: intents }),
    ...told,
    ...[...arrived.values()].map((key) => ({ kind: "shown", key, isNew: true }) as const),
    ...tallied.outcomes.map((envelope) => ({ kind: "outcome", envelope }) as const),
    ...[...droppedEntries, ...entries].map(({ id: entry }) => ({ kind: "entry", entry }) as const),
    ...progressed(group.view.intents, intents).map(({ sequence }) => ({ kind: "intent", sequence }) as const),
    ...(tallied.conversation ? [{ kind: "conversation" } as const] : []),
  ];
}

/** The intents that an app sees at another point than before. */
function progressed(before: readonly Intent[], changed: readonly Intent[]): Intent[] {
  const pointOf = ({ progress, acknowledged, awaits }: Intent) =>
    [progress.kind, acknowledged, progress.kind === "queued" ? awaits : undefined].join();
  const known = new Map(before.map((intent) => [intent.id, pointOf(intent)]));
  const isErased = ({ action }: Intent) => action.kind === "send" && action.isExpired === true;
  return changed.filter((intent) => known.get(intent.id) !== pointOf(intent) && !isErased(intent));
}

function writesOf(group: Group, change: GroupChange): Write[] {
  const at = { group: group.id };
  const { record, entries = [], droppedEntries = [], intents = [], topicAnew = [], writes = [] } = change;
  return [
    ...deadWrites(group, change),
    ...(record ? [tables.group.put(at, record)] : []),
    ...droppedEntries.flatMap(({ id, block, logIndex }) => [
      tables.entry.del({ ...at, id }),
      tables.entryByPlace.del({ ...at, block: block.number, logIndex }),
    ]),
    ...entries.flatMap((entry) => [
      tables.entry.put({ ...at, id: entry.id }, entry),
      tables.entryByPlace.put({ ...at, block: entry.block.number, logIndex: entry.logIndex }, entry.id),
    ]),
    ...intents.flatMap((intent) => [
      tables.outbox.put({ sequence: intent.sequence }, intent),
      tables.intentPlace.put({ id: intent.id }, intent.sequence),
      ...sendPlaceOf(intent),
      isOpen(intent) ? tables.openIntent.put(intent, EMPTY) : tables.openIntent.del(intent),
    ]),
    ...(change.publications ?? []).map((one) => tables.publication.put(one, one.record)),
    ...(change.droppedPublications ?? []).map((one) => tables.publication.del(one)),
    ...(change.staged ?? []).flatMap(([entry, staged]) => [
      tables.staged.put({ ...at, entry }, staged),
      tables.written.put({ ...at, authority: staged.authority }, new Uint8Array()),
    ]),
    ...(change.droppedStaged ?? []).map((entry) => tables.staged.del({ ...at, entry })),
    ...(change.epochs ?? []).flatMap((epoch) => epochWrites({ ...at, ...epoch })),
    ...(change.droppedEpochs ?? []).map((entry) => tables.epoch.del({ ...at, entry })),
    ...topicAnew,
    ...writes,
  ];
}

function deadWrites(
  { id: group, view }: Group,
  { dead = new Map(), droppedDead = [] }: GroupChange,
): Write[] {
  const keyOf = ({ parent, block }: DeadRun) => ({ group, parent, block: block.number });
  const del = (run: DeadRun) => tables.deadRun.del(keyOf(run));
  const put = (run: DeadRun) => tables.deadRun.put(keyOf(run), run);
  return [
    ...droppedDead.map(del),
    ...[...dead].flatMap(([parent, runs]) => {
      const before = view.dead.get(parent) ?? [];
      const gone = before.filter((run) => !runs.some(({ block }) => block.number === run.block.number));
      return [...gone.map(del), ...runs.filter((run) => !before.includes(run)).map(put)];
    }),
  ];
}

function sendPlaceOf({ action, sequence }: Intent): Write[] {
  return action.kind === "send" ? [tables.sendPlace.put({ message: action.message }, sequence)] : [];
}

function viewAfter(view: GroupView, change: GroupChange): GroupView {
  const next = {
    record: change.record ?? view.record,
    intents: change.intents ? intentsAfter(view.intents, change.intents) : view.intents,
    publications: publicationsAfter(view.publications, change),
    staged: stagedAfter(view.staged, change),
    held: change.held ?? view.held,
  };
  const { entries: added = [], droppedEntries, droppedDead, dead: runs = new Map() } = change;
  const isNews = added.every(({ id }) => !view.entries.has(id)) && !droppedEntries && !droppedDead;
  if (isNews) return viewWith({ view, stored: next, added, runs });
  const entries = new Map(view.entries);
  for (const { id } of change.droppedEntries ?? []) entries.delete(id);
  for (const entry of change.entries ?? []) entries.set(entry.id, entry);
  return viewOfGroup({ ...next, entries, dead: deadAfter(view.dead, change) });
}

function deadAfter(dead: DeadRuns, { droppedDead = [], dead: runs = new Map() }: GroupChange): DeadRuns {
  const dropped = new Set(droppedDead);
  const left = [...dead].map(([parent, some]) => [parent, some.filter((run) => !dropped.has(run))] as const);
  return new Map([...left, ...runs].filter(([, some]) => some.length > 0));
}

function intentsAfter(before: readonly Intent[], changed: readonly Intent[]): Intent[] {
  const byId = new Map(before.map((intent) => [intent.id, intent]));
  for (const intent of changed) byId.set(intent.id, intent);
  return [...byId.values()].filter(isOpen).sort((a, b) => a.sequence - b.sequence);
}

function publicationsAfter(before: readonly Publication[], change: GroupChange): readonly Publication[] {
  const { publications, droppedPublications } = change;
  if (!publications && !droppedPublications) return before;
  const keyOf = ({ sequence, part }: Publication) => `${sequence}/${part}`;
  const byKey = new Map(before.map((one) => [keyOf(one), one]));
  for (const one of droppedPublications ?? []) byKey.delete(keyOf(one));
  for (const one of publications ?? []) byKey.set(keyOf(one), one);
  return [...byKey.values()].sort((a, b) => a.sequence - b.sequence || a.part - b.part);
}

function stagedAfter(before: GroupView["staged"], change: GroupChange): GroupView["staged"] {
  if (!change.staged && !change.droppedStaged) return before;
  const staged = new Map([...before, ...(change.staged ?? [])]);
  for (const entry of change.droppedStaged ?? []) staged.delete(entry);
  return staged;
}
