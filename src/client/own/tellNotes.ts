import { steadyMs } from "../../clock/steadyMs.ts";
import { viewOf } from "../../reconciler/branch/epochView.ts";
import type { Action } from "../../reconciler/records/intent.ts";
import { staggerMs } from "../../reconciler/upkeep/stagger.ts";
import type { Write } from "../../store/writeAtomic.ts";
import { u64 } from "../../wire/bytes.ts";
import { type EntryId, type Hex, type InstallationKey, toHex } from "../../wire/ids.ts";
import { MAX_NOTES } from "../../wire/limits.ts";
import { messageIdOf } from "../../wire/messageContent.ts";
import { layNotes, NOTES_TYPE, type Note, noteBytes, noteKinds } from "../../wire/notes.ts";
import { relationKinds } from "../../wire/relation.ts";
import { consentBytes } from "../database/consents.ts";
import { readEpoch } from "../database/epochStates.ts";
import type { NoteRecord } from "../database/noteRecord.ts";
import { tables } from "../database/tables.ts";
import { consentTo } from "../group/consent.ts";
import { conversationOf } from "../group/conversation.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { writeNotes } from "../group/notes.ts";
import { isOwnRoom, roomToWrite } from "../group/ownRoom.ts";
import { addIntent } from "../outbox/addIntent.ts";
import { composeNext } from "../outbox/composeNext.ts";

type Core = ChangingCore & CoreParts<"asksConsent" | "groups" | "notes" | "recovery">;

/** Notes of one message; its content has to hold them beside the rest. */
const MESSAGE_BYTES = 48 * 1024;
/** What is noted in quick succession is told at once: a draft changes with each key. */
const LEAST_BETWEEN_MS = 1_000;

/** What was done last, and when. */
export type Telling = { atMs: number; readonly turns: Map<EntryId, number> };

export function startTelling(): Telling {
  return { atMs: Number.NEGATIVE_INFINITY, turns: new Map() };
}

/**
 * Tells the person's other devices what this one has noted since, and those that came into the own room all notes. Gives
 * the time to look again; undefined: when something changes.
 */
export async function tellNotes(params: { core: Core; telling: Telling }): Promise<number | undefined> {
  const { core, telling } = params;
  const room = roomToWrite(core);
  if (!room || (await leavesIn(core, room)).length < 2) return undefined;
  await noteAllowed(core);
  const notes = await readNotes(core);
  const newcomers = await newcomersOf({ core, room, notes, telling });
  const isWhole = newcomers !== undefined && newcomers.turnMs <= steadyMs();
  const due = notes.filter(({ record }) => isWhole || record.room !== room.id);
  if (due.length === 0 && !isWhole) return newcomers?.turnMs;
  const nextMs = telling.atMs + LEAST_BETWEEN_MS;
  if (nextMs > steadyMs()) return nextMs;
  telling.atMs = steadyMs();
  const mark = isWhole ? [markOf(room, newcomers.epoch)] : [];
  for (const some of inMessages([...due.map(noteOf), ...mark])) await tell({ core, room, notes: some });
  return newcomers && !isWhole ? newcomers.turnMs : undefined;
}

type Kept = { readonly kind: number; readonly subject: Hex; readonly record: NoteRecord };

async function readNotes({ database }: CoreParts<"database">): Promise<Kept[]> {
  const notes: Kept[] = [];
  for await (const { fields, value } of tables.note.rows(database)) {
    notes.push({ kind: fields.kind, subject: toHex(fields.subject), record: value });
  }
  return notes;
}

async function leavesIn(
  core: CoreParts<"database">,
  { id, view, epochs: cache }: Group,
): Promise<InstallationKey[]> {
  const epoch = await readEpoch({ database: core.database, group: id, cache, head: view.record.head });
  return epoch ? viewOf(epoch.state).members.map(({ installation }) => installation) : [];
}

/**
 * Notes of each conversation that it is allowed, where this follows from how it came: the person's other devices can't
 * know that.
 */
async function noteAllowed(core: Core): Promise<void> {
  const { consents } = core;
  const undecided = [...core.groups.values()].filter((group) => {
    const { record } = group.view;
    const isIn = record.status === "member" || record.status === "creating";
    const isDecided =
      consents.conversations.has(conversationOf(core, group)) || isOwnRoom(record, core.self.inbox);
    const isAllowed = consentTo(core, record) === "allowed" && (core.asksConsent || !record.request);
    return isIn && !isDecided && isAllowed;
  });
  if (undecided.length === 0) return;
  const ids = [...new Set(undecided.map((group) => conversationOf(core, group)))];
  const value = consentBytes("allowed");
  await writeNotes({
    core,
    notes: ids.map((subject) => ({ kind: noteKinds.conversationConsent, subject, value })),
    after: () => {
      const allowed = ids.map((id) => [id, "allowed"] as const);
      consents.conversations = new Map([...allowed, ...consents.conversations]);
    },
  });
}

/**
 * Finds the last entry by which devices came into the room that were not told all notes, and when it is this device's
 * turn to tell them. Undefined: there is none, or this one came with them.
 */
async function newcomersOf(params: {
  core: Core;
  room: Group;
  notes: readonly Kept[];
  telling: Telling;
}): Promise<{ epoch: number; turnMs: number } | undefined> {
  const { core, room, notes, telling } = params;
  const { branch, record } = room.view;
  const last = branch.steps.findLast(
    ({ entry }) => entry?.verdict.kind === "adopted" && entry.verdict.adds.length > 0,
  );
  if (last?.entry?.verdict.kind !== "adopted") return undefined;
  const { id, verdict } = last.entry;
  const { epoch, writer } = verdict;
  const told = notes.find(({ kind, subject }) => kind === noteKinds.told && subject === room.id);
  const isTold = told !== undefined && toHex(told.record.value) >= toHex(u64(epoch));
  if (isTold || record.start.epoch >= epoch) return undefined;
  const self = core.self.installation.key;
  const able = await leavesIn(core, room);
  const waitMs = writer.installation === self ? 0 : staggerMs({ subject: id, self, able }) + OTHERS_WAIT_MS;
  const turnMs = telling.turns.get(id) ?? steadyMs() + waitMs;
  telling.turns.set(id, turnMs);
  return { epoch, turnMs };
}

/** How long whoever took a device in has to tell it all notes, before others do. */
const OTHERS_WAIT_MS = 4_000;

function markOf(room: Group, epoch: number): Note {
  const id: Hex = `0x${"00".repeat(16)}`;
  return { kind: noteKinds.told, subject: room.id, epoch, revision: 1, id, value: u64(epoch) };
}

function noteOf({ kind, subject, record }: Kept): Note {
  const { epoch, revision, id, value } = record;
  return { kind, subject, epoch, revision, id, value };
}

/** As many notes in each message as fit. */
function inMessages(notes: readonly Note[]): Note[][] {
  const messages: Note[][] = [];
  let bytes = 0;
  for (const note of notes) {
    const last = messages.at(-1);
    const isFull = !last || last.length >= MAX_NOTES || bytes + noteBytes(note) > MESSAGE_BYTES;
    if (isFull) messages.push([note]);
    else last.push(note);
    bytes = (isFull ? 0 : bytes) + noteBytes(note);
  }
  return messages;
}

/** Sends notes to the room, those that were not replaced meanwhile; they count as told as soon as they are in the outbox. */
async function tell(params: { core: Core; room: Group; notes: readonly Note[] }): Promise<void> {
  const { core, room } = params;
  await core.notes.run(async () => {
    const writes: Write[] = [];
    const present: Note[] = [];
    for (const note of params.notes) {
      const known = await tables.note.get(core.database, note);
      if (known && known.id !== note.id && note.kind !== noteKinds.told) continue;
      const epoch = Math.min(note.epoch, room.view.record.epoch);
      present.push({ ...note, epoch });
      const record = note.kind === noteKinds.told ? stored(note) : (known ?? stored(note));
      writes.push(tables.note.put(note, { ...record, epoch, room: room.id }));
    }
    if (present.length === 0) return;
    const parts = [{ type: NOTES_TYPE, data: layNotes(present) }];
    const body = { relation: { kind: relationKinds.notes, revision: 1 }, parts };
    const content = await composeNext({ core, group: room, id: room.id, body });
    const action: Action = { kind: "send", content, message: messageIdOf(content) };
    await addIntent({ core, group: room, action, change: { writes } });
  });
}

function stored({ epoch, revision, id, value }: Note): NoteRecord {
  return { epoch, revision, id, value };
}
