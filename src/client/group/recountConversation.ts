import { showReadable } from "../../reconciler/timeline/timelineItem.ts";
import type { Write } from "../../store/writeAtomic.ts";
import type { InboxId } from "../../wire/ids.ts";
import { toHex } from "../../wire/ids.ts";
import type { ConversationRecord } from "../database/conversationRecord.ts";
import { findLast } from "../database/conversationWrites.ts";
import { tables } from "../database/tables.ts";
import type { CoreParts } from "./core.ts";
import type { Group } from "./group.ts";
import { writeNumbered } from "./writeNumbered.ts";

/** Counts anew what is unread in a conversation, without those who are left out, and finds its last message. */
export async function recountConversation(params: {
  core: CoreParts<"database" | "journal">;
  group: Group;
  isLeftOut: (inbox: InboxId) => boolean;
}): Promise<void> {
  const { core, group, isLeftOut } = params;
  const { database } = core;
  const at = { group: group.id };
  await group.queue.run(async () => {
    const stored = await tables.conversation.get(database, at);
    if (!stored || group.forgotten.signal.aborted) return;
    const gone: Write[] = [];
    for await (const { fields } of tables.unread.rows(database, { under: at })) {
      const key = { ...at, epoch: Number(fields.epoch), rank: fields.rank, id: toHex(fields.id) };
      const record = await tables.timeline.get(database, key);
      const item = record && showReadable(record);
      if (!item || isLeftOut(item.author)) gone.push(tables.unread.del(key));
    }
    const last = await findLast({ database, group: group.id, isLeftOut });
    const { unread, activeAtMs } = stored;
    const record: ConversationRecord = {
      unread: unread - gone.length,
      activeAtMs,
      ...(last ? { last } : {}),
    };
    const events = [{ kind: "conversation" }] as const;
    const writes = [...gone, tables.conversation.put(at, record)];
    await writeNumbered({ core, group: group.id, writes, events, sync: false });
  });
}
