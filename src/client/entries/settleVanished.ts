import type { Branch } from "../../reconciler/branch/branch.ts";
import type { HeadId, Vanished } from "../../reconciler/records/records.ts";
import { endOf, type MessageRecord } from "../../reconciler/records/timelineRecord.ts";
import type { EntryId } from "../../wire/ids.ts";
import type { GroupChange } from "../group/changeGroup.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { mergeChanges } from "../group/mergeChanges.ts";
import { judgeRecords } from "../messages/judgeRecords.ts";
import { branchWith } from "../messages/judgeSenders.ts";
import { readMessage } from "../messages/readMessage.ts";
import { resealed } from "../messages/resealed.ts";
import { readRecords } from "../messages/timelineStore.ts";

/**
 * Adds to a change what the adopted entry means to the epochs that a reorganization took. If the first of them landed
 * again, it goes on where it was. If another entry stands in its place, messages of the vanished epochs are undone, and
 * this client's own are sealed again, or fail if that entry takes this client out.
 */
export async function settleVanished(params: {
  core: CoreParts<"database" | "finalityBlocks" | "inboxes" | "self">;
  group: Group;
  entry: EntryId;
  change: GroupChange;
}): Promise<GroupChange> {
  const { core, group, entry, change } = params;
  const { record } = change;
  const { fork } = group.view.record;
  const isOut = record?.status === "removed" || record?.status === "cut-off";
  if (!record || (record.head !== entry && !isOut)) return change;
  const heads = fork?.heads ?? [];
  const returns = heads[0] === entry;
  const rest = returns ? heads.slice(1) : [];
  const dead = new Set<HeadId>(returns ? [] : heads);
  const branch = branchWith({ group, record, added: change.entries });
  const judged = await judgeVanished({
    core,
    group,
    entry,
    dead,
    branch,
    from: record.epoch + (isOut ? 1 : 0),
  });
  const again = await resealed({ core, group, messages: judged.undone, except: change.intents ?? [] });
  const left: Vanished | undefined = rest.length > 0 && fork ? { ...fork, heads: rest } : undefined;
  return mergeChanges(change, again, judged, { record: { ...record, fork: left } });
}

/**
 * Judges openings anew: those in dead epochs count no more, those in the epoch of `entry` count again; a fence of theirs
 * may have stood on a removal that did not return. Also returns this client's own messages whose every opening is now
 * undone, with these openings, so that the caller can seal them again.
 */
export async function judgeVanished(params: {
  core: CoreParts<"database" | "finalityBlocks" | "inboxes" | "self">;
  group: Group;
  entry?: EntryId;
  dead: ReadonlySet<HeadId>;
  /** The branch that stands once this change is made. */
  branch: Branch;
  /** The earliest of the epochs: that of `entry`. */
  from: number;
}) {
  const { core, group, entry, branch, from } = params;
  const dead = new Set([...params.dead].filter((head) => head !== entry));
  const records = messagesFrom({ core, group, from, andLater: params.dead.size > 0 });
  const { changed, ...judged } = await judgeRecords({ core, group, branch, dead, records });
  const own = changed.filter(({ content }) => content.installation === core.self.installation.key);
  const undone = own.filter(({ openings }) => openings.every(({ verdict }) => verdict === "void"));
  return { ...judged, undone: new Map(undone.map(({ id, openings }) => [id, openings])) };
}

/** Yields the messages that were sealed to this epoch, or, `andLater`, to this or a later one. */
async function* messagesFrom(params: {
  core: CoreParts<"database">;
  group: Group;
  from: number;
  andLater: boolean;
}): AsyncGenerator<MessageRecord> {
  const { core, group, from, andLater } = params;
  const place = { database: core.database, group: group.id };
  const fromThere = from > 0 ? { after: endOf(from - 1) } : {};
  for await (const { value } of readRecords({ ...place, ...(andLater ? fromThere : { epoch: from }) })) {
    const stored = value.kind === "again" ? await readMessage({ ...place, id: value.id }) : value;
    if (stored?.kind === "message") yield stored;
  }
}
