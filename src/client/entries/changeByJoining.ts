import { authorityOf } from "../../reconciler/branch/epochSecrets.ts";
import { namesOf, viewOf } from "../../reconciler/branch/epochView.ts";
import { hasSecond, hasSiblings } from "../../reconciler/branch/unheard.ts";
import { contradictsKind } from "../../reconciler/policy/closed.ts";
import type { EntryRecord, GroupRecord, HeadId, Vanished } from "../../reconciler/records/records.ts";
import type { EntryId } from "../../wire/ids.ts";
import { readState } from "../database/epochStates.ts";
import type { JournalEvent } from "../database/journalRecord.ts";
import type { GroupChange } from "../group/changeGroup.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { mergeChanges } from "../group/mergeChanges.ts";
import { branchWith } from "../messages/judgeSenders.ts";
import { judgeVanished } from "./settleVanished.ts";

/**
 * Computes what reading an entry changes while this client is joining. The client enters the group with the entry that
 * the Welcome named: that entry's authority must be the one that the joined state derives, and its lineage must lead to
 * the group id in as many steps as the epoch counts. In a closed group, all leaves must be of inboxes that it is meant
 * for: a newcomer can't judge the entries by which the others came in.
 */
export async function changeByJoining(params: {
  core: CoreParts<"database" | "finalityBlocks" | "inboxes" | "logger" | "self">;
  group: Group;
  /** The record of a client that is joining. */
  record: GroupRecord;
  entry: EntryRecord;
}): Promise<GroupChange> {
  const { core, group, record, entry } = params;
  const { entries } = group.view;
  if (entry.id !== record.start.head) return { entries: [entry] };
  const state = await readState({
    database: core.database,
    group: group.id,
    cache: group.epochs,
    head: entry.id,
  });
  const { epoch } = record.start;
  const lineage = lineageOf({ entry, entries, epoch });
  const fits =
    state !== undefined &&
    authorityOf(state) === entry.authority &&
    lineage.at(-1)?.parent === group.id &&
    lineage.length === epoch;
  const reason = fits ? contradictsKind(viewOf(state)) : "bad-lineage";
  core.logger.info({ group: group.id, entry: entry.id, reason }, "joined");
  const told: JournalEvent = { kind: "group" };
  if (!fits || reason !== undefined) {
    return { entries: lineage, record: { ...record, status: "cut-off", reason }, events: [told] };
  }
  const joined: GroupRecord = {
    ...{ ...record, ...namesOf(viewOf(state)) },
    ...{
      status: "member",
      fork: vanishedAfterStart(record),
      isUnheard: record.isUnheard ?? (hasToHear({ core, record, entry, entries }) || undefined),
    },
  };
  const branch = branchWith({ group, record: joined, added: lineage });
  // Messages in this epoch may have been void for the time that its entry was gone.
  const judged = await judgeVanished({
    ...{ core, group, branch, entry: record.start.head as EntryId },
    ...{ dead: new Set(), from: epoch },
  });
  return mergeChanges(judged, { entries: lineage, record: joined, events: [told] });
}

/**
 * A joiner can't judge the entry that it joins by: true if it has to hear another member, because the others may not
 * have adopted that entry.
 */
function hasToHear(params: {
  core: CoreParts<"self">;
  record: GroupRecord;
  entry: EntryRecord;
  entries: ReadonlyMap<HeadId, EntryRecord>;
}): boolean {
  const { core, record } = params;
  return hasSiblings(params) && hasSecond({ record, self: core.self.inbox });
}

/** Gives the epochs that are still vanished: the entry by which this client joined may have landed again. */
function vanishedAfterStart({ fork, start }: GroupRecord): Vanished | undefined {
  const heads = fork?.heads.filter((head) => head !== start.head) ?? [];
  return fork && heads.length > 0 ? { ...fork, heads } : undefined;
}

/** Lists the entry and its ancestors, as a client records them that starts with the entry in `epoch`. */
export function lineageOf(params: {
  entry: EntryRecord;
  entries: ReadonlyMap<HeadId, EntryRecord>;
  epoch: number;
}): EntryRecord[] {
  const { entry, entries, epoch } = params;
  const lineage: EntryRecord[] = [];
  for (let at: EntryRecord | undefined = entry; at; at = entries.get(at.parent)) {
    lineage.push({ ...at, verdict: { kind: "before-start", epoch: epoch - lineage.length } });
  }
  return lineage;
}
