import { compareEntries } from "../../reconciler/branch/compareEntries.ts";
import { cutDead, type DeadRuns, type Place } from "../../reconciler/branch/deadRuns.ts";
import { namesOf, viewOf } from "../../reconciler/branch/epochView.ts";
import { unheardAgain } from "../../reconciler/branch/unheard.ts";
import { vanishedAfterRollback } from "../../reconciler/branch/vanished.ts";
import { voidedIntent } from "../../reconciler/intents/voidedIntent.ts";
import { type Intent, isOpen } from "../../reconciler/records/intent.ts";
import type {
  DeadRun,
  EntryRecord,
  GroupRecord,
  HeadId,
  StagedRecord,
} from "../../reconciler/records/records.ts";
import type { TimelineRecord } from "../../reconciler/records/timelineRecord.ts";
import { decisiveChild } from "../../reconciler/view/decisiveChild.ts";
import type { EntryId } from "../../wire/ids.ts";
import { readEpoch } from "../database/epochStates.ts";
import { tables } from "../database/tables.ts";
import { changeGroup, type GroupChange } from "../group/changeGroup.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { mergeChanges } from "../group/mergeChanges.ts";
import { branchWith, judgeSenders, removedBy } from "../messages/judgeSenders.ts";
import { readDeadAnew } from "../messages/readDeadAnew.ts";
import { readRecord } from "../messages/readMessage.ts";
import { deletionChanges } from "./changeByControl.ts";

type Cut = {
  readonly dropped: readonly EntryRecord[];
  readonly droppedDead: readonly DeadRun[];
  readonly isMore: boolean;
};

/**
 * Drops entries that are no longer on the chain and moves the head back to the last adopted one that is. States stay
 * under their entries' ids and are never computed again: if an entry lands again, its ratchets go on where they were.
 * Call it from within the group's queue. Returns true if it also dropped entries that are still on the chain, because a
 * lost entry had voided them: the caller must then read the chain again from the new head.
 */
export async function rollBackGroup(params: {
  core: ChangingCore & CoreParts<"finalityBlocks" | "inboxes" | "topicSums">;
  group: Group;
  voids: (entry: EntryRecord) => boolean;
  /** The place from which the chain is another one, also if nothing that is kept stands there. */
  from?: Place | undefined;
}): Promise<boolean> {
  const { core, group } = params;
  const { dropped, droppedDead, isMore } = cutOff({ ...params, ...group.view });
  if (dropped.length + droppedDead.length === 0) return false;
  core.logger.info({ group: group.id, dropped: dropped.length }, "rolled back");
  const isNothing = dropped.length === 0;
  const undo = isNothing ? {} : await undoEntries({ core, group, undone: dropped, isGone: true });
  const anew = await readDeadAnew({ core, group, dropped, droppedDead });
  const change = mergeChanges(undo, anew, { droppedEntries: dropped, droppedDead });
  await changeGroup({ core, group, change });
  return isMore;
}

/**
 * Cuts off everything from the first lost entry on, in the order of the chain. The cut begins earlier in two cases. If
 * it falls among dead entries that are only counted, it begins before all of these, since they can't be told apart. If
 * it takes an entry that had voided an earlier one, it begins before that earlier one.
 */
function cutOff(params: {
  entries: ReadonlyMap<HeadId, EntryRecord>;
  dead: DeadRuns;
  voids: (entry: EntryRecord) => boolean;
  from?: Place | undefined;
}): Cut {
  const { entries, dead, voids } = params;
  const first = [...entries.values()].find(voids);
  const at = first ?? params.from;
  if (!at) return { dropped: [], droppedDead: [], isMore: false };
  let from: Place = params.from && first ? earlier(params.from, first) : at;
  const lost = [...entries.values()].filter((entry) => compareEntries(entry, from) >= 0);
  for (;;) {
    const { cut, from: cutFrom } = cutDead({ dead, from });
    const dropped = withVoided({
      entries,
      lost: [...entries.values()].filter((entry) => compareEntries(entry, cutFrom) >= 0),
    });
    const start = dropped[0] ? earlier(cutFrom, dropped[0]) : cutFrom;
    if (compareEntries(start, from) >= 0) {
      const isMore = dropped.length > lost.length || compareEntries(from, params.from ?? at) < 0;
      return { dropped, droppedDead: cut, isMore };
    }
    from = start;
  }
}

function earlier(a: Place, b: Place): Place {
  return compareEntries(a, b) <= 0 ? a : b;
}

/**
 * Gives the lost entries, which are the last ones. Where one of them had voided an earlier entry, that entry and all
 * after it are judged again, too.
 */
function withVoided(params: {
  entries: ReadonlyMap<HeadId, EntryRecord>;
  lost: readonly EntryRecord[];
}): readonly EntryRecord[] {
  const { entries, lost } = params;
  const gone = new Set(lost.map(({ id }) => id));
  const all = [...entries.values()];
  const first = all.findIndex(
    ({ id, verdict }) => gone.has(id) || (verdict.kind === "void" && gone.has(verdict.by)),
  );
  return first < 0 ? [] : all.slice(first);
}

/**
 * Computes what changes when entries do not count any more: the head moves back, what the entries changed is undone,
 * and this client's intents are open again. The caller has to change the entries themselves.
 */
export async function undoEntries(params: {
  core: CoreParts<"database" | "finalityBlocks" | "inboxes" | "self">;
  group: Group;
  undone: readonly EntryRecord[];
  /**
   * True if they have left the chain, so that they may land again; false: they are there for good and count for
   * nothing.
   */
  isGone: boolean;
}): Promise<GroupChange> {
  const { core, group, undone, isGone } = params;
  const { view } = group;
  const gone = new Set<HeadId>(undone.map(({ id }) => id));
  const kept = view.branch.steps.findLast(({ head }) => !gone.has(head));
  const lost = view.branch.steps.filter(({ head }) => gone.has(head));
  const fork = vanishedAfterRollback({ record: view.record, lost, block: blockNow(group) });
  // A client that waits for the entry that brings it in has no earlier epoch to go back to.
  const isInside = kept && view.record.status !== "joining";
  const back = isInside ? await recordAt({ core, group, head: kept.head, gone }) : rejoining(view.record);
  const record = { ...back, fork };
  const shown = await membershipRecords({ core, group, dropped: undone.filter(hasCounted) });
  const changes = [
    ...shown.map((one) => ({ kind: "drop", record: one }) as const),
    ...(await deletionChanges({ core, group, records: undone, stands: false })),
  ];
  const judged = await judgeSenders({
    ...{ core, group, changes, installations: removedBy(undone) },
    branch: branchWith({ group, record, dropped: undone }),
  });
  const counted = new Set<HeadId>(undone.filter(hasCounted).map(({ id }) => id));
  const intents = [...view.intents, ...(await settledBy({ core, group, gone: counted }))];
  const staged = isGone ? view.staged : new Map<EntryId, StagedRecord>();
  return mergeChanges(judged, {
    record,
    intents: intents.flatMap(
      (intent) => voidedIntent({ intent, gone: counted, staged }) ?? boundIntent(intent, view.record) ?? [],
    ),
    events: [{ kind: "group" }],
  });
}

/** Gives the block of this rollback: what one node alone has told may be undone by its word. */
function blockNow({ view, agreed, processed }: Group): number {
  return view.provisional.length > 0 ? Math.max(agreed.number, processed.number) : agreed.number;
}

/**
 * True for an entry that has changed something. False for entries of the time before this client came back to the
 * group: what they did to it then is over.
 */
function hasCounted({ verdict }: EntryRecord): boolean {
  return verdict.kind === "adopted" || verdict.kind === "control";
}

/** Binds an unsealed message to the members among whom it was written: it is not for more. */
function boundIntent(intent: Intent, { members }: GroupRecord): Intent | undefined {
  const isUnsealed = intent.action.kind === "send" && intent.progress.kind === "queued";
  return isUnsealed && !intent.audience ? { ...intent, audience: members } : undefined;
}

/** Finds settled intents whose entries are gone: they are open again. */
async function settledBy(params: {
  core: CoreParts<"database">;
  group: Group;
  gone: ReadonlySet<HeadId>;
}): Promise<Intent[]> {
  const { core, group, gone } = params;
  const reopened: Intent[] = [];
  for await (const { value } of tables.outbox.rows(core.database)) {
    const isAffected = value.group === group.id && value.landed.some((entry) => gone.has(entry));
    if (isAffected && !isOpen(value)) reopened.push(value);
  }
  return reopened;
}

async function membershipRecords(params: {
  core: CoreParts<"database">;
  group: Group;
  dropped: readonly EntryRecord[];
}): Promise<TimelineRecord[]> {
  const { core, group, dropped } = params;
  const place = { database: core.database, group: group.id };
  const records = await Promise.all(dropped.map(({ id }) => readRecord({ ...place, id })));
  return records.filter((record) => record !== undefined);
}

async function recordAt(params: {
  core: CoreParts<"database">;
  group: Group;
  head: HeadId;
  gone: ReadonlySet<HeadId>;
}): Promise<GroupRecord> {
  const { core, group, head, gone } = params;
  const { record, children } = group.view;
  const ended = decisiveChild({ children, parent: head });
  if (head === record.head && (record.status === "member" || (ended && !gone.has(ended.id)))) return record;
  const epoch = await readEpoch({ database: core.database, group: group.id, cache: group.epochs, head });
  if (!epoch) return { ...record, status: "member", head };
  const view = viewOf(epoch.state);
  const status = head === group.id ? "creating" : "member";
  return { ...record, ...namesOf(view), status, reason: undefined, head, epoch: view.epoch };
}

/** Gives the record of a client whose very first entry is gone: it waits until that lands again. */
function rejoining(record: GroupRecord): GroupRecord {
  const { start } = record;
  const isUnheard = unheardAgain(record, start.head);
  return { ...record, ...start, status: "joining", isRelanding: true, isUnheard };
}
