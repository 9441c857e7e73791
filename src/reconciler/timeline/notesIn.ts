import { WeftError } from "../../errors.ts";
import { catchFault } from "../../wire/catchFault.ts";
import { NOTES_TYPE, type Note, readNotes } from "../../wire/notes.ts";
import { relationKinds } from "../../wire/relation.ts";
import type { MessageRecord } from "../records/timelineRecord.ts";
import { hasForm, notAhead } from "./noteRules.ts";

/** The notes that a message tells, if it counts; parts and notes of another form are passed over. */
export function notesIn({ content, openings }: Pick<MessageRecord, "content" | "openings">): Note[] {
  if (content.relation?.kind !== relationKinds.notes) return [];
  const sealedTo = openings.flatMap(({ verdict, epoch }) => (verdict === "counts" ? [epoch] : []));
  if (sealedTo.length === 0) return [];
  const notes = content.parts.flatMap(({ type, data }) => {
    const read = type === NOTES_TYPE && data ? catchFault(() => readNotes(data)) : [];
    return read instanceof WeftError ? [] : read;
  });
  const last = Math.max(...sealedTo);
  return notes.filter((note) => hasForm(note, last)).map((note) => notAhead(note, last));
}
