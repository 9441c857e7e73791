import { rangeOf } from "../../store/keys.ts";
import { clientSchema } from "../../store/schema.ts";
import { del, type Write, writeAtomic } from "../../store/writeAtomic.ts";
import type { GroupId } from "../../wire/ids.ts";
import { noteKinds } from "../../wire/notes.ts";
import { groupTopic } from "../../wire/topic.ts";
import { expiryWrites } from "../database/expiryWrites.ts";
import { readableChanges } from "../database/readableChanges.ts";
import { tables } from "../database/tables.ts";
import { wordWrites } from "../database/wordWrites.ts";
import type { CoreParts } from "./core.ts";
import type { Group } from "./group.ts";

const { group, epoch, tree, entry, entryByPlace, deadRun, staged, voidable } = clientSchema;
const { outcome, held, unheld, timeline, timelinePlace, relation, replaced, untaken, reader } = clientSchema;
const { epochTally, groupTally, conversation, unread, awaited, written, preference } = clientSchema;

/** All that lies under a group, but for `entered`: by that the same Welcome does not bring this client in once more. */
const underGroup = [
  ...[group, epoch, tree, entry, entryByPlace, deadRun, staged, voidable],
  ...[outcome, held, unheld, timeline, timelinePlace, relation, replaced, untaken, reader],
  ...[epochTally, groupTally, conversation, unread, awaited, written, preference],
];
const topicRecords = [clientSchema.topicPosition, clientSchema.topicRead];

/**
 * Forgets a group with its keys and messages; its leaf stays in the tree, and nobody is told. Another Welcome brings
 * this client in anew.
 */
export async function forgetGroup(params: {
  core: CoreParts<"database" | "events" | "feedsWakeup" | "groups" | "online" | "preferences">;
  group: Group;
}): Promise<void> {
  const { core, group } = params;
  await group.queue.run(async () => {
    const writes = await writesToForget(params);
    await writeAtomic({ database: core.database, writes, sync: true });
    group.forgotten.abort();
    core.groups.delete(group.id);
    core.preferences.delete(group.id);
    core.online?.loopsOf.delete(group.id);
  });
  core.events.emit({ kind: "forgotten", group: group.id });
  core.feedsWakeup.wake();
}

async function writesToForget({
  core,
  group,
}: {
  core: CoreParts<"database">;
  group: Group;
}): Promise<Write[]> {
  const { level } = core.database;
  const writes: Write[] = [];
  const ranges = [
    ...underGroup.map((record) => rangeOf(record, { group: group.id })),
    ...topicRecords.map((record) => rangeOf(record, { topic: groupTopic(group.id) })),
  ];
  for await (const { value: before } of tables.timeline.rows(core.database, { under: { group: group.id } })) {
    const replacements = [{ before }];
    writes.push(...wordWrites({ group: group.id, changes: readableChanges(replacements) }));
    writes.push(...expiryWrites({ group: group.id, replacements }));
  }
  for (const range of ranges) for await (const key of level.keys(range)) writes.push(del(key));
  return [...writes, ...notesOf(group.id)];
}

function notesOf(subject: GroupId): Write[] {
  const { conversationConsent, draft, readPosition } = noteKinds;
  return [conversationConsent, draft, readPosition].map((kind) => tables.note.del({ kind, subject }));
}
