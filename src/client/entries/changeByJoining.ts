import type { GroupState } from "../../mls/groupState.ts";
import type { ClientCore } from "../core.ts";
import type { GroupChange } from "../groups/changeGroup.ts";
import { authorityOf } from "../groups/epochSecrets.ts";
import { readState } from "../groups/epochStates.ts";
import { inboxesOf, viewOf } from "../groups/epochView.ts";
import type { Group } from "../groups/group.ts";
import type { EntryRecord, Fork, GroupRecord, HeadId } from "../tables.ts";

/**
 * What reading an entry means while one is joining. The group is entered with the entry that the Welcome named: its
 * authority must be the one that the joined state derives, and its lineage must lead to the group id in as many steps
 * as the epoch counts.
 */
export async function changeByJoining(params: {
  core: ClientCore;
  group: Group;
  /** As of one who is joining. */
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
  const lineage = lineageOf({ entry, entries });
  const fits =
    state !== undefined &&
    authorityOf(state) === entry.authority &&
    lineage.at(-1)?.parent === group.id &&
    lineage.length === record.start.epoch;
  core.logger.info({ group: group.id, entry: entry.id, fits }, "joined");
  return {
    entries: lineage.map((one, i) => ({
      ...one,
      verdict: { kind: "before-start", epoch: record.start.epoch - i },
    })),
    record: fits
      ? { ...record, ...namesOf(state), status: "member", fork: forkAfterStart(record) }
      : { ...record, status: "cut-off", reason: "bad-lineage" },
    events: [{ kind: "group", group: group.id }],
  };
}

/** The entry that brought this client in may have come back. */
function forkAfterStart({ fork, start }: GroupRecord): Fork | undefined {
  const heads = fork?.heads.filter((head) => head !== start.head) ?? [];
  return fork && heads.length > 0 ? { ...fork, heads } : undefined;
}

function namesOf(state: GroupState): Pick<GroupRecord, "name" | "members"> {
  const view = viewOf(state);
  return { name: view.context.name, members: inboxesOf(view) };
}

/** The entry and its ancestors. */
export function lineageOf(params: {
  entry: EntryRecord;
  entries: ReadonlyMap<HeadId, EntryRecord>;
}): EntryRecord[] {
  const lineage: EntryRecord[] = [];
  for (let at: EntryRecord | undefined = params.entry; at; at = params.entries.get(at.parent))
    lineage.push(at);
  return lineage;
}
