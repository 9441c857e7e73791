import { standsOver } from "../../reconciler/timeline/noteRules.ts";
import { notesIn } from "../../reconciler/timeline/notesIn.ts";
import { keyOfCursor } from "../../reconciler/timeline/timelineItem.ts";
import { writeAtomic } from "../../store/writeAtomic.ts";
import {
  asId,
  type ConversationId,
  type GroupId,
  type InboxId,
  type MessageId,
  toHex,
} from "../../wire/ids.ts";
import { MAX_NOTES_OF_KIND } from "../../wire/limits.ts";
import { type Note, noteKinds } from "../../wire/notes.ts";
import { readConsent } from "../database/consents.ts";
import { tables } from "../database/tables.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import { recountBy, takeConsent } from "../group/noteConsent.ts";
import { isOwnRoom } from "../group/ownRoom.ts";
import { readMessage } from "../messages/readMessage.ts";
import { readUpTo } from "../messages/readUpTo.ts";

type Core = ChangingCore & CoreParts<"asksConsent" | "groups" | "notes">;

const decoder = new TextDecoder();

/** Takes what the person's other devices have told in own rooms, each message once. */
export async function takeNotes(core: Core): Promise<void> {
  const messages: { group: GroupId; id: MessageId }[] = [];
  for await (const { fields } of tables.untaken.rows(core.database)) {
    messages.push({ group: asId(toHex(fields.group)), id: asId(toHex(fields.id)) });
  }
  for (const message of messages) {
    const taken = await core.notes.run(() => takeFrom(core, message));
    for (const note of taken) await follow(core, note);
  }
}

/** Takes the notes of one message as far as they stand over what is known; gives those that do. */
async function takeFrom(core: Core, { group, id }: { group: GroupId; id: MessageId }): Promise<Note[]> {
  const { database } = core;
  const room = core.groups.get(group);
  const message = await readMessage({ database, group, id });
  const isFromOwn = room && isOwnRoom(room.view.record, core.self.inbox);
  const notes = message && isFromOwn ? notesIn(message) : [];
  const taken = new Map<string, Note>();
  const counts = new Map<number, number>();
  for (const note of notes) {
    const { kind, subject } = note;
    const register = `${kind} ${subject}`;
    const before = taken.get(register) ?? (await tables.note.get(database, note));
    if (before && !standsOver(note, { ...before, kind })) continue;
    const count = counts.get(kind) ?? (await countOf(core, kind));
    if (!before && count >= MAX_NOTES_OF_KIND) continue;
    counts.set(kind, before ? count : count + 1);
    taken.set(register, note);
  }
  const writes = [...taken.values()].map(({ kind, subject, ...value }) => {
    const isAhead = kind === noteKinds.readPosition ? { isAhead: true as const } : {};
    return tables.note.put({ kind, subject }, { ...value, room: group, ...isAhead });
  });
  await writeAtomic({ database, writes: [...writes, tables.untaken.del({ group, id })], sync: true });
  for (const note of taken.values()) remember(core, note);
  return [...taken.values()];
}

async function countOf({ database }: CoreParts<"database">, kind: number): Promise<number> {
  let count = 0;
  for await (const _ of tables.note.rows(database, { under: { kind } })) count++;
  return count;
}

/** Lets memory follow a note that was taken, while nothing else is noted, and tells the app. */
function remember(core: Core, { kind, subject, value }: Note): void {
  const { events } = core;
  const [group, inbox] = [subject as ConversationId, subject as InboxId];
  switch (kind) {
    case noteKinds.conversationConsent:
      takeConsent({ core, about: { group }, consent: readConsent(value) });
      break;
    case noteKinds.inboxConsent:
      takeConsent({ core, about: { inbox }, consent: readConsent(value) });
      break;
    case noteKinds.draft:
      events.emit({ kind: "draft", group, text: decoder.decode(value) });
      break;
    case noteKinds.name:
      events.emit({ kind: "name", inbox, name: decoder.decode(value) });
  }
}

/** Lets conversations follow. */
async function follow(core: Core, { kind, subject, value }: Note): Promise<void> {
  if (kind === noteKinds.inboxConsent) await recountBy({ core, about: { inbox: subject as InboxId } });
  const group = kind === noteKinds.readPosition ? core.groups.get(subject as GroupId) : undefined;
  if (group) await readUpTo({ core, group, until: keyOfCursor(toHex(value)) });
}

/**
 * Applies read positions once more to conversations that are read to their ends by now: what the other device had read
 * has come.
 */
export async function followPositions(core: Core): Promise<void> {
  const { database } = core;
  const ahead: GroupId[] = [];
  const under = { kind: noteKinds.readPosition };
  for await (const { fields, value } of tables.note.rows(database, { under })) {
    if (value.isAhead) ahead.push(asId(toHex(fields.subject)));
  }
  for (const subject of ahead) {
    const group = core.groups.get(subject);
    if (!group || group.topicReadBy === undefined || group.caughtUpBy === undefined) continue;
    const place = { kind: noteKinds.readPosition, subject };
    const known = await tables.note.get(database, place);
    if (!known) continue;
    await readUpTo({ core, group, until: keyOfCursor(toHex(known.value)) });
    await core.notes.run(async () => {
      const now = await tables.note.get(database, place);
      if (now?.id !== known.id) return;
      const { isAhead: _, ...record } = now;
      await writeAtomic({ database, writes: [tables.note.put(place, record)], sync: false });
    });
  }
}
