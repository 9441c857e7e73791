import type { InstallationKey } from "../../wire/ids.ts";
import type { ClientCore } from "../core.ts";
import { type Branch, branchOf } from "../groups/branch.ts";
import type { GroupChange } from "../groups/changeGroup.ts";
import type { Group } from "../groups/group.ts";
import type { EntryRecord, GroupRecord, HeadId } from "../tables.ts";
import { tables } from "../tables.ts";
import { changeOpenings } from "../timeline/insertMessage.ts";
import type { MessageRecord, Opening, TimelineChange } from "../timeline/record.ts";
import { fenceBlock, judgeFence } from "./fence.ts";
import { createPendingTimeline } from "./pendingTimeline.ts";
import { readRecords, readSurroundings, timelineWrites } from "./timelineStore.ts";

/** Keys of older epochs are gone: nothing of theirs can have been opened ahead of the chain. */
const EPOCHS_LOOKED_AT = 64;

type Params = {
  core: ClientCore;
  group: Group;
  installations: ReadonlySet<InstallationKey>;
  /** As it will be. */
  branch: Branch;
};

/**
 * Judges again what these installations have said: their removal came, fell with a reorganization or landed in
 * another block, or the registry revoked them. What it gives belongs into the batch that brings this about.
 */
export async function judgeSenders(
  params: Params & {
    /** Of the same batch. */
    changes?: readonly TimelineChange[];
  },
): Promise<{ writes: NonNullable<GroupChange["writes"]>; events: NonNullable<GroupChange["events"]> }> {
  const { core, group, installations, branch } = params;
  const place = { database: core.database, group: group.id };
  const writes: NonNullable<GroupChange["writes"]>[number][] = [];
  const timeline = createPendingTimeline();
  timeline.add(params.changes ?? []);
  const epochs = installations.size === 0 ? [] : branch.steps.slice(-EPOCHS_LOOKED_AT);
  for (const { epoch } of epochs) {
    for await (const { value } of readRecords({ ...place, epoch })) {
      if (value.kind !== "message" || !installations.has(value.content.installation)) continue;
      const record = timeline.recordOf(value);
      const openings = record.openings.map((opening) => judgeOpening({ ...params, record, opening }));
      const changed = openings.filter((opening, i) => opening !== record.openings[i]);
      if (changed.length === 0) continue;
      const message = { id: record.id, content: record.content, replaces: [] };
      const found = timeline.around({ ...(await readSurroundings({ ...place, message })), record });
      timeline.add(changeOpenings({ openings, found }));
      writes.push(...changed.map((opening) => outcomeWrite({ group, record, opening })));
    }
  }
  const shown = timelineWrites({ group: group.id, changes: timeline.changes });
  return { writes: [...writes, ...shown.writes], events: shown.events };
}

function judgeOpening(params: Params & { record: MessageRecord; opening: Opening }): Opening {
  const { core, branch, record, opening } = params;
  const { inbox, installation } = record.content;
  const known = core.inboxes.get(inbox)?.inbox;
  const fence = fenceBlock({ branch, head: opening.entry, sender: { inbox, installation }, inbox: known });
  const verdict = judgeFence({ fence, anchorBlock: opening.anchorBlock });
  return verdict === opening.verdict || !branch.places.has(opening.entry) ? opening : { ...opening, verdict };
}

/** How an envelope that was opened is told of. */
export function outcomeWrite(params: { group: Group; record: Pick<MessageRecord, "id">; opening: Opening }) {
  const { group, record, opening } = params;
  const { epoch, envelope, verdict } = opening;
  const kind = verdict === "fenced" ? "fenced" : "opened";
  const outcome = { kind, epoch, message: record.id } as const;
  return tables.outcome.put({ group: group.id, envelope }, { outcome, receivedAtMs: Date.now() });
}

/** The branch with other entries or another head. */
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

/** Whom these entries took out of the group. */
export function removedBy(entries: readonly EntryRecord[]): Set<InstallationKey> {
  const removes = entries.flatMap(({ verdict }) => (verdict.kind === "adopted" ? verdict.removes : []));
  return new Set(removes.map(({ installation }) => installation));
}
