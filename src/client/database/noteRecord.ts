import type { GroupId } from "../../wire/ids.ts";
import type { Note } from "../../wire/notes.ts";

/** What a person has noted, as this device knows it: the value that stands in its register. */
export type NoteRecord = Pick<Note, "epoch" | "revision" | "id" | "value"> & {
  /** The own room in which it was told; undefined: it is to be told. */
  readonly room?: GroupId;
  /** A read position that is to be applied once more when the conversation is read to its end. */
  readonly isAhead?: true;
};
