import type { Write } from "../../store/writeAtomic.ts";
import type { EntryId, MessageId } from "../../wire/ids.ts";
import type { ClientCore } from "../core.ts";
import type { Branch } from "../groups/branch.ts";
import type { GroupChange } from "../groups/changeGroup.ts";
import type { Group } from "../groups/group.ts";
import { judgeOpening } from "../messages/judgeRecord.ts";
import { awaitedWrites, outcomeWrite } from "../messages/judgeRecords.ts";
import { branchWith } from "../messages/judgeSenders.ts";
import { createPendingTimeline } from "../messages/pendingTimeline.ts";
import { readMessage, readRecords, readSurroundings, timelineWrites } from "../messages/timelineStore.ts";
import { resealed } from "../outbox/resealed.ts";
import { type Fork, type HeadId, tables } from "../tables.ts";
import { changeOpenings } from "../timeline/insertMessage.ts";
import { endOf, type MessageRecord, type Opening } from "../timeline/record.ts";

/**
 * What an adopted entry means to the epochs that a reorganization took. The first of them landed again: it goes on
 * where it was. Another entry stands in its place: messages of the vanished epochs are void, and one's own are sealed
 * again, or fail if that entry takes this client out. Gives the change with all of that.
 */
export async function settleFork(params: {
  core: ClientCore;
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
  const intents = change.intents ?? [];
  const again = await resealed({ core, group, messages: judged.voided, except: intents });
  return {
    ...change,
    record: {
      ...record,
      fork: rest.length > 0 && fork ? ({ ...fork, heads: rest } satisfies Fork) : undefined,
    },
    intents: [...intents, ...again.intents],
    droppedPublications: [...(change.droppedPublications ?? []), ...again.droppedPublications],
    writes: [...(change.writes ?? []), ...judged.writes],
    events: [...(change.events ?? []), ...judged.events],
  };
}

/**
 * Openings in dead epochs count no more, those in the epoch of `entry` count again; a fence of theirs may have stood
 * on a removal that did not return. With own messages that have no other, and their void sealings.
 */
export async function judgeVanished(params: {
  core: ClientCore;
  group: Group;
  entry: EntryId;
  dead: ReadonlySet<HeadId>;
  /** As it will be. */
  branch: Branch;
  /** The lowest of the epochs: that of `entry`. */
  from: number;
}) {
  const { core, group, entry, dead, branch, from } = params;
  const place = { database: core.database, group: group.id };
  const timeline = createPendingTimeline();
  const voided = new Map<MessageId, readonly Opening[]>();
  const writes: Write[] = [];
  const judge = async (opening: Opening, { id, content }: MessageRecord): Promise<Opening> => {
    if (opening.entry !== entry && dead.has(opening.entry) && opening.verdict !== "void")
      return { ...opening, verdict: "void" };
    if (opening.entry !== entry || (opening.verdict !== "void" && opening.fence === undefined))
      return opening;
    const judged = await judgeOpening({ core, branch, sender: content, opening });
    const before = await tables.awaited.get(core.database, { group: group.id, id });
    const after = judged.open.length > 0 ? { isPending: judged.opening.verdict === "pending" } : undefined;
    writes.push(...awaitedWrites({ group, id, before, after }));
    if (judged.opening !== opening)
      writes.push(outcomeWrite({ core, group, record: { id, content }, opening: judged.opening }));
    return judged.opening;
  };
  const above = from > 0 ? { after: endOf(from - 1) } : {};
  const records = readRecords({ ...place, ...(dead.size > 0 ? above : { epoch: from }) });
  for await (const { value } of records) {
    const stored = value.kind === "again" ? await readMessage({ ...place, id: value.id }) : value;
    if (stored?.kind !== "message") continue;
    const record = timeline.recordOf(stored);
    const openings = await Promise.all(record.openings.map((opening) => judge(opening, record)));
    const changed = openings.filter((opening, i) => opening !== record.openings[i]);
    if (changed.length === 0) continue;
    const message = { id: record.id, content: record.content, replaces: [] };
    const around = await readSurroundings({ ...place, message, except: timeline.sources });
    const found = timeline.around({ ...around, record });
    timeline.add(changeOpenings({ openings, found }));
    const isOwn = record.content.installation === core.self.installation.key;
    if (isOwn && openings.every(({ verdict }) => verdict === "void")) voided.set(record.id, changed);
  }
  const shown = timelineWrites({ group: group.id, changes: timeline.changes });
  return { writes: [...writes, ...shown.writes], events: shown.events, voided };
}
