import type { Origin } from "../../reconciler/records/timelineRecord.ts";
import { insertTold } from "../../reconciler/timeline/insertMessage.ts";
import { isShown } from "../../reconciler/timeline/timelineItem.ts";
import { withWrites } from "../../store/withWrites.ts";
import type { Write } from "../../store/writeAtomic.ts";
import type { ArchivePage } from "../../wire/archive.ts";
import type { JournalEvent } from "../database/journalRecord.ts";
import { tables } from "../database/tables.ts";
import { changeGroup } from "../group/changeGroup.ts";
import { changeTold } from "../group/changeTold.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import { readSurroundings, timelineWrites } from "../messages/timelineStore.ts";
import { shownMs } from "../nodes/chainTime.ts";

type TakingCore = ChangingCore & CoreParts<"groups" | "joins" | "toldGroups">;
type Params = { readonly core: TakingCore; readonly page: ArchivePage; readonly origin: Origin };
type Change = {
  readonly writes: readonly Write[];
  readonly events: readonly JournalEvent[];
  readonly come: number;
};

/**
 * Takes a page of an archive into the timeline of its group, all of it or nothing; it is on disk then. What is known
 * already, and what has expired, changes nothing. Gives how many messages have come that are shown. Throws what a disk
 * may say.
 */
export async function takePage(params: Params): Promise<number> {
  const { core, page } = params;
  const known = core.groups.get(page.group);
  if (known) {
    return await known.queue.run(async () => {
      const { come, ...change } = await changeOf(params);
      if (change.writes.length > 0) {
        await changeGroup({ core, group: known, change: { ...change, sync: true } });
      }
      return come;
    });
  }
  // Nobody enters the group meanwhile.
  const come = await core.joins.run(async () =>
    core.groups.has(page.group) ? undefined : await takeUnknown(params),
  );
  return come ?? (await takePage(params));
}

/** Takes in the page of a group that this client has never been in. */
async function takeUnknown(params: Params): Promise<number> {
  const { core, page } = params;
  const { toldGroups } = core;
  const { group } = page;
  const { come, writes, events } = await changeOf(params);
  const { name = "", members = [], createdAtMs = 0 } = page.about ?? {};
  const told = toldGroups.get(group) ?? { group, name, members, createdAtMs };
  const isNew = !toldGroups.has(group);
  if (writes.length === 0 && !isNew) return 0;
  const about = isNew ? [tables.toldGroup.put({ group }, told)] : [];
  await changeTold({ core, group, writes: [...writes, ...about], events });
  toldGroups.set(group, told);
  return come;
}

async function changeOf({ core, page, origin }: Params): Promise<Change> {
  const { group } = page;
  const after = withWrites(core.database);
  const nowMs = shownMs(core.links);
  const writes: Write[] = [];
  const events: JournalEvent[] = [];
  let come = 0;
  for (const message of page.messages) {
    const { epoch, entry, expiresAtMs } = message;
    if (expiresAtMs !== undefined && expiresAtMs <= nowMs) continue;
    const found = await readSurroundings({ database: after.database, group, message, isTold: true });
    const told = { epoch, entry, origin, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) };
    const changes = insertTold({ message, told, found });
    const shown = timelineWrites({ group, changes });
    after.add(shown.writes);
    writes.push(...shown.writes);
    events.push(...shown.events);
    if (!found.record && isShown(message.content)) come++;
  }
  return { writes, events, come };
}
