import { compareKeys, type TimelineKey } from "../../reconciler/records/timelineRecord.ts";
import type { Write } from "../../store/writeAtomic.ts";
import { toHex } from "../../wire/ids.ts";
import { tables } from "../database/tables.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { writeNumbered } from "../group/writeNumbered.ts";

/**
 * Takes the messages that are there up to a place for read, or all of them; gives the last that was unread. What comes
 * later is unread, also if it stands before that place.
 */
export async function readUpTo(params: {
  core: CoreParts<"database" | "journal">;
  group: Group;
  until: TimelineKey | undefined;
}): Promise<TimelineKey | undefined> {
  const { core, group, until } = params;
  const { database } = core;
  return await group.queue.run(async () => {
    if (group.forgotten.signal.aborted) return undefined;
    const stored = await tables.conversation.get(database, { group: group.id });
    const writes: Write[] = [];
    let last: TimelineKey | undefined;
    for await (const { fields } of tables.unread.rows(database, { under: { group: group.id } })) {
      const key: TimelineKey = { epoch: Number(fields.epoch), rank: fields.rank, id: toHex(fields.id) };
      if (until && compareKeys(key, until) > 0) break;
      writes.push(tables.unread.del({ group: group.id, ...key }));
      last = key;
    }
    if (!stored || !last) return undefined;
    const record = { ...stored, unread: stored.unread - writes.length };
    writes.push(tables.conversation.put({ group: group.id }, record));
    const events = [{ kind: "conversation" }] as const;
    await writeNumbered({ core, group: group.id, writes, events, sync: false });
    return last;
  });
}
