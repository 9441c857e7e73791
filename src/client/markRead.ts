import type { TimelineKey } from "../reconciler/records/timelineRecord.ts";
import { cursorOf, keyOfCursor } from "../reconciler/timeline/timelineItem.ts";
import { boundsIn, placesOf } from "../reconciler/view/conversationOrder.ts";
import { asId, type ConversationId, fromHex, type Hex, type MessageId } from "../wire/ids.ts";
import { noteKinds } from "../wire/notes.ts";
import { type Client, coreOf, groupsIn } from "./client.ts";
import type { CoreParts } from "./group/core.ts";
import type { Group } from "./group/group.ts";
import { type NotingCore, writeNotes } from "./group/notes.ts";
import { keyOfDirectCursor } from "./messages/directItems.ts";
import { readUpTo } from "./messages/readUpTo.ts";

/**
 * Marks a conversation's messages as read: all that are there, or those up to a cursor. What comes later is unread
 * again, also if it stands before the cursor. The person's other devices hear of it, and members if the person wants
 * that (`openClient({ readReceipts })`). Throws `unknown-group`, `bad-cursor`, and what a disk may say.
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
  core: NotingCore & CoreParts<"journal" | "readReceipts">,
  group: Group,
  until: TimelineKey | undefined,
): Promise<void> {
  const last = await readUpTo({ core, group, until });
  if (!last) return;
  const note = { kind: noteKinds.readPosition, subject: group.id, value: fromHex(cursorOf(last)) };
  await writeNotes({ core, notes: [note] });
  core.readReceipts?.due.set(group.id, asId<MessageId>(last.id));
  core.readReceipts?.wakeup.wake();
}
