import { compareKeys, type TimelineKey } from "../reconciler/records/timelineRecord.ts";
import { keyOfCursor } from "../reconciler/timeline/timelineItem.ts";
import { boundsIn, placesOf } from "../reconciler/view/conversationOrder.ts";
import { type Write, writeAtomic } from "../store/writeAtomic.ts";
import { type ConversationId, type Hex, toHex } from "../wire/ids.ts";
import { type Client, coreOf, groupsIn } from "./client.ts";
import { conversationState } from "./database/conversationRecord.ts";
import { tables } from "./database/tables.ts";
import type { CoreParts } from "./group/core.ts";
import type { Group } from "./group/group.ts";
import { keyOfDirectCursor } from "./messages/directItems.ts";

/**
 * Marks a conversation's messages as read: all that are there, or those up to a cursor. What comes later is unread again, also
 * if it stands before the cursor. Stays on this device. Throws `unknown-group`, `bad-cursor`, and what a disk may say.
 */
export async function markRead(params: { client: Client; group: ConversationId; upTo?: Hex }): Promise<void> {
  const core = coreOf(params.client);
  const { groups, isDirect } = groupsIn(core, params.group);
  const { upTo } = params;
  if (!isDirect) return await markIn(core, groups[0], upTo === undefined ? undefined : keyOfCursor(upTo));
  const at = upTo === undefined ? undefined : keyOfDirectCursor(groups, upTo);
  for (const group of groups) {
    const place = { group: group.id, places: placesOf(group.view) };
    await markIn(core, group, at && boundsIn({ ...place, at }).before);
  }
}

async function markIn(
  core: CoreParts<"database" | "events">,
  group: Group,
  until: TimelineKey | undefined,
): Promise<void> {
  const { database } = core;
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
    await writeAtomic({ database, writes, sync: false });
    core.events.emit({ kind: "conversation", group: group.id, ...conversationState(record) });
  });
}
