import { type Branch, branchOf } from "../../reconciler/branch/branch.ts";
import { confirmedInbox } from "../../reconciler/inboxes/confirmedInbox.ts";
import type { EntryRecord, GroupRecord, HeadId } from "../../reconciler/records/records.ts";
import type { MessageRecord, TimelineChange } from "../../reconciler/records/timelineRecord.ts";
import type { InstallationKey } from "../../wire/ids.ts";
import { MAX_LATE_COMMITS } from "../../wire/limits.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { type JudgedRecords, judgeRecords } from "./judgeRecords.ts";
import { readMessage } from "./readMessage.ts";
import { readRecords } from "./timelineStore.ts";

type Params = {
  core: CoreParts<"database" | "finalityBlocks" | "inboxes" | "self">;
  group: Group;
  installations: ReadonlySet<InstallationKey>;
  /** The branch that stands once this change is made. */
  branch: Branch;
};

/**
 * Judges again what these installations have said, since their removal came, fell with a reorganization or landed in
 * another block, or the registry revoked them. The result belongs into the batch that brings this about.
 */
export async function judgeSenders(
  params: Params & {
    /** Changes of the same batch. */
    changes?: readonly TimelineChange[];
  },
): Promise<JudgedRecords> {
  return await judgeRecords({ ...params, records: saidBy(params) });
}

async function* saidBy(params: Params): AsyncGenerator<MessageRecord> {
  const { core, group, installations, branch } = params;
  const place = { database: core.database, group: group.id };
  const epochs = installations.size === 0 ? [] : branch.steps.slice(firstToJudge(params));
  for (const { epoch } of epochs) {
    for await (const { value } of readRecords({ ...place, epoch })) {
      const said = value.kind === "again" ? await readMessage({ ...place, id: value.id }) : value;
      if (said?.kind === "message" && installations.has(said.content.installation)) yield said;
    }
  }
}

/**
 * A fence never reaches back more than MAX_LATE_COMMITS epochs, and a fence that a reorganization removed was at most
 * that many commits ago: the first step to judge is twice that far back.
 */
function firstToJudge({ core, branch, installations }: Params): number {
  const blocks = [...core.inboxes.values()]
    .flatMap((snapshot) => confirmedInbox(snapshot)?.installations ?? [])
    .flatMap(({ installation, revokedBlock }) => (installations.has(installation) ? [revokedBlock] : []))
    .filter((block) => block !== undefined);
  const fence = Math.min(...blocks);
  const revoked = branch.steps.findIndex(({ entry }) => entry !== undefined && entry.block.number >= fence);
  const last = branch.steps.length - MAX_LATE_COMMITS;
  const first = revoked < 0 ? last : Math.min(revoked, last);
  return Math.max(0, first - MAX_LATE_COMMITS - 1);
}

/** Computes the branch with other entries or another head. */
export function branchWith(params: {
  group: Group;
  record?: GroupRecord | undefined;
  added?: readonly EntryRecord[] | undefined;
  dropped?: readonly EntryRecord[] | undefined;
}): Branch {
  const { group, record = group.view.record, added = [], dropped = [] } = params;
  const entries = new Map<HeadId, EntryRecord>(group.view.entries);
  for (const { id } of dropped) entries.delete(id);
  for (const entry of added) entries.set(entry.id, entry);
  return branchOf({ record, entries });
}

/** Lists the installations that these entries took out of the group. */
export function removedBy(entries: readonly EntryRecord[]): Set<InstallationKey> {
  const removes = entries.flatMap(({ verdict }) => (verdict.kind === "adopted" ? verdict.removes : []));
  return new Set(removes.map(({ installation }) => installation));
}
