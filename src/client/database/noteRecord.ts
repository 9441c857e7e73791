import type { Note } from "../../wire/notes.ts";

/** What a person has noted, as this device holds it: the greatest that it knows of its register. */
export type NoteRecord = Pick<Note, "epoch" | "revision" | "id" | "value"> & {
  /** It is still to be told to the person's other devices. */
  readonly isDue: boolean;
};
