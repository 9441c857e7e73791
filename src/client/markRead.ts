import { compareKeys, type TimelineKey } from "../reconciler/records/timelineRecord.ts";
import { keyOfCursor } from "../reconciler/timeline/timelineItem.ts";
import { type Write, writeAtomic } from "../store/writeAtomic.ts";
import { type GroupId, type Hex, toHex } from "../wire/ids.ts";
import { type Client, coreOf, groupOf } from "./client.ts";
import { tables } from "./database/tables.ts";
import { numberChanges } from "./group/journal.ts";

/**
 * Marks a group's messages as read: all that are there, or those up to a cursor. What comes later is unread again, also
 * if it stands before the cursor. Stays on this device. Throws `unknown-group`, `bad-cursor`, and what a disk may say.
 */
export async function markRead(params: { client: Client; group: GroupId; upTo?: Hex }): Promise<void> {
  const core = coreOf(params.client);
  const { database } = core;
  const group = groupOf(core, params.group);
  const until = params.upTo === undefined ? undefined : keyOfCursor(params.upTo);
  await group.queue.run(async () => {
    const stored = await tables.conversation.get(database, { group: group.id });
    const writes: Write[] = [];
    for await (const { fields } of tables.unread.rows(database, { under: { group: group.id } })) {
      const key: TimelineKey = { epoch: Number(fields.epoch), rank: fields.rank, id: toHex(fields.id) };
      if (until && compareKeys(key, until) > 0) break;
      writes.push(tables.unread.del({ group: group.id, ...key }));
    }
    if (!stored || writes.length === 0) return;
    const record = { ...stored, unread: stored.unread - writes.length };
    writes.push(tables.conversation.put({ group: group.id }, record));
    const events = [{ kind: "conversation" }] as const;
    const numbered = await numberChanges({ database, journal: core.journal, group: group.id, events });
    await writeAtomic({ database, writes: [...writes, ...numbered.writes], sync: false }).catch((error) => {
      numbered.failed();
      throw error;
    });
    numbered.done();
  });
}
