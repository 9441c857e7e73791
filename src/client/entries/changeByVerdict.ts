import type { GroupState } from "../../mls/groupState.ts";
import { type EpochView, inboxesOf, namesOf, viewOf } from "../../reconciler/branch/epochView.ts";
import { recordOf } from "../../reconciler/branch/recordOf.ts";
import { heardRecord } from "../../reconciler/branch/unheard.ts";
import { returningAfter } from "../../reconciler/branch/vanished.ts";
import type { EntryJudgement } from "../../reconciler/entries/judgeEntry.ts";
import { foldEntry } from "../../reconciler/intents/foldEntry.ts";
import { refusedIntent } from "../../reconciler/intents/refusedIntent.ts";
import { inboxesGone } from "../../reconciler/policy/inboxesGone.ts";
import { inboxesAway } from "../../reconciler/policy/returning.ts";
import type { GroupRecord } from "../../reconciler/records/records.ts";
import { keyOf, type MembershipRecord } from "../../reconciler/records/timelineRecord.ts";
import type { CommitSummary } from "../../reconciler/records/verdict.ts";
import { membershipChanges } from "../../reconciler/timeline/membershipChanges.ts";
import type { Write } from "../../store/writeAtomic.ts";
import type { Entry } from "../../wire/chainEntry.ts";
import type { InboxId } from "../../wire/ids.ts";
import type { JournalEvent } from "../database/journalRecord.ts";
import { tables } from "../database/tables.ts";
import type { GroupChange } from "../group/changeGroup.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { isRevoked } from "../group/isRevoked.ts";

type Params = {
  core: CoreParts<"inboxes" | "logger" | "self">;
  group: Group;
  entry: Entry;
  /** The state of the parent's epoch. */
  state: GroupState;
  /**
   * True if the state that the entry opens is in the database already: the entry is own, or was adopted before a
   * reorganization.
   */
  isStored: boolean;
  /** True if the commit has a path: then it may cut members off, and what they show may void it. */
  hasPath: boolean;
};

/** Computes all that a verdict changes, as one batch. */
export function changeByVerdict(
  params: Params & { judgement: Exclude<EntryJudgement, { kind: "control" }> },
): GroupChange {
  const { group, entry, judgement } = params;
  const { record } = group.view;
  const event: JournalEvent = { kind: "group" };
  switch (judgement.kind) {
    case "refused":
      return refuse(params, judgement.reason);
    case "cut-off": {
      const { reason } = judgement;
      return {
        entries: [recordOf(entry, { kind: "cut-off", reason })],
        record: { ...record, status: "cut-off", reason },
        writes: keptPayload(params),
        events: [event],
      };
    }
    case "newer-version":
      return { record: { ...record, status: "paused" }, events: [event] };
    case "removed":
      return end(params, judgement.summary);
    case "adopted":
      return adopt(params, judgement);
  }
}

function refuse(params: Params, reason: string): GroupChange {
  const { group, entry } = params;
  const { progressed } = own(params);
  return {
    entries: [recordOf(entry, { kind: "refused", reason })],
    intents: progressed.map((intent) => refusedIntent({ intent, reason, block: entry.block.number })),
    droppedStaged: group.view.staged.has(entry.id) ? [entry.id] : [],
  };
}

/** Ends the group for this client; its timeline ends with a word about it. */
function end(params: Params, summary: CommitSummary): GroupChange {
  const { core, group, entry, state } = params;
  const { record, leaves } = group.view;
  const before = viewOf(state);
  const gone = inboxesGone({ members: before.members, removes: summary.removes });
  const members = before.members.filter(({ inbox }) => !gone.has(inbox));
  const after = { ...before, epoch: before.epoch + 1, members };
  const shown = membershipOf({ entry, summary, before, after, leavers: leaves.leavers });
  return {
    entries: [recordOf(entry, { kind: "adopted", epoch: after.epoch, ...summary })],
    record: {
      ...record,
      status: "removed",
      reason: isRevoked(core) ? "revoked" : leaves.leavers.has(core.self.inbox) ? "left" : undefined,
    },
    writes: [...keptPayload(params), ...(shown ? timelineWrites(group, shown) : [])],
    events: [...shownEvents(shown), { kind: "group" }],
  };
}

function adopt(params: Params, adopted: { newState: GroupState; summary: CommitSummary }): GroupChange {
  const { core, group, entry, state, isStored } = params;
  const { newState, summary } = adopted;
  const before = viewOf(state);
  const after = viewOf(newState);
  const record = recordAfter({ core, group, entry, after, by: summary.writer.inbox });
  const { leavers } = group.view.leaves;
  const shown = membershipOf({ entry, summary, before, after, leavers });
  const change = {
    entry: entry.id,
    joined: difference(inboxesOf(after), inboxesOf(before)),
    gone: difference(belongingTo(before), belongingTo(after)),
    returning: returningAfter({ fork: group.view.record.fork, entry: entry.id }),
    own: group.view.staged.get(entry.id)?.intent,
  };
  const intents = group.view.intents.map((intent) => foldEntry({ intent, change }));
  const isWritten = group.view.staged.has(entry.id);
  core.logger.debug({ group: group.id, entry: entry.id, epoch: after.epoch, own: isWritten }, "adopted");
  return {
    record,
    entries: [recordOf(entry, { kind: "adopted", epoch: after.epoch, ...summary })],
    intents: intents.filter((intent, i) => intent !== group.view.intents[i]),
    epochs: isStored ? [] : [{ head: entry.id, epoch: { kind: "open", state: newState }, isNew: true }],
    writes: [...keptPayload(params), ...(shown ? timelineWrites(group, shown) : [])],
    events: [...shownEvents(shown), { kind: "group" }],
  };
}

/**
 * Lists the inboxes that belong to a group, those of awaited installations included: they have no leaf and still
 * belong.
 */
function belongingTo(view: EpochView): InboxId[] {
  return [...new Set([...inboxesOf(view), ...inboxesAway(view)])];
}

/** Keeps the entry's payload, by which requests and evidence about it are judged. */
function keptPayload({ group, entry, hasPath }: Params): Write[] {
  return hasPath ? [tables.voidable.put({ group: group.id, entry: entry.id }, entry.payload)] : [];
}

function recordAfter(params: {
  core: CoreParts<"self">;
  group: Group;
  entry: Entry;
  after: EpochView;
  by: InboxId;
}): GroupRecord {
  const { core, group, entry, after, by } = params;
  const { branch, record: before } = group.view;
  const at = { branch, inbox: by, head: entry.parent, self: core.self.inbox };
  const record = heardRecord({ record: before, ...at }) ?? before;
  const status = record.status === "creating" ? "member" : record.status;
  return { ...record, ...namesOf(after), status, head: entry.id, epoch: after.epoch };
}

function membershipOf(params: {
  entry: Entry;
  summary: CommitSummary;
  before: EpochView;
  after: EpochView;
  leavers: ReadonlySet<InboxId>;
}): MembershipRecord | undefined {
  const { entry, summary, before, after, leavers } = params;
  const changes = membershipChanges({ before, after, leavers });
  if (changes.length === 0) return undefined;
  const by = summary.writer.inbox;
  const atMs = entry.block.time * 1000;
  return { kind: "membership", epoch: after.epoch, entry: entry.id, by, atMs, changes };
}

function timelineWrites({ id: group }: Group, record: MembershipRecord) {
  const key = keyOf(record);
  return [
    tables.timeline.put({ group, ...key }, record),
    tables.timelinePlace.put({ group, id: key.id }, { epoch: key.epoch, rank: key.rank }),
  ];
}

function shownEvents(record: MembershipRecord | undefined): JournalEvent[] {
  return record ? [{ kind: "shown", key: keyOf(record) }] : [];
}

function own({ group, entry }: Params) {
  const progressed = group.view.intents.filter(
    ({ progress }) => progress.kind === "staged" && progress.entry === entry.id,
  );
  return { progressed };
}

function difference<T>(a: readonly T[], b: readonly T[]): Set<T> {
  const others = new Set(b);
  return new Set(a.filter((one) => !others.has(one)));
}
