import { cursorOf, keyOfCursor } from "../reconciler/timeline/timelineItem.ts";
import { asId, fromHex, type GroupId, type Hex, type MessageId } from "../wire/ids.ts";
import { noteKinds } from "../wire/notes.ts";
import { type Client, coreOf, groupOf } from "./client.ts";
import { writeNotes } from "./group/notes.ts";
import { readUpTo } from "./messages/readUpTo.ts";

/**
 * Marks a group's messages as read: all that are there, or those up to a cursor. What comes later is unread again, also
 * if it stands before the cursor. The person's other devices hear of it, and members if the
 * person wants that (`openClient({ readReceipts })`). Throws `unknown-group`, `bad-cursor`, and what
 * a disk may say.
 */
export async function markRead(params: { client: Client; group: GroupId; upTo?: Hex }): Promise<void> {
  const core = coreOf(params.client);
  const group = groupOf(core, params.group);
  const until = params.upTo === undefined ? undefined : keyOfCursor(params.upTo);
  const last = await readUpTo({ core, group, until });
  if (!last) return;
  const note = { kind: noteKinds.readPosition, subject: group.id, value: fromHex(cursorOf(last)) };
  await writeNotes({ core, notes: [note] });
  core.readReceipts?.due.set(group.id, asId<MessageId>(last.id));
  core.readReceipts?.wakeup.wake();
}
