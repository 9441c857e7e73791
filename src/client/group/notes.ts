import { randomBytes } from "#crypto";
import { writeAtomic } from "../../store/writeAtomic.ts";
import { type Hex, toHex } from "../../wire/ids.ts";
import { NOTE_ID_BYTES } from "../../wire/notes.ts";
import type { NoteRecord } from "../database/noteRecord.ts";
import { tables } from "../database/tables.ts";
import type { CoreParts } from "./core.ts";

const MAX_REVISION = 2 ** 32 - 1;

/** The register that a note is for. */
export type NotePlace = { readonly kind: number; readonly subject: Hex };

/**
 * Notes what the person has chosen, over what was chosen before; `after` follows while nothing else is noted. Throws
 * what a disk may say.
 */
export async function writeNote(params: {
  core: CoreParts<"database" | "notes">;
  place: NotePlace;
  value: Uint8Array;
  after?: () => void;
}): Promise<void> {
  const { core, place, value, after } = params;
  const { database } = core;
  await core.notes.run(async () => {
    const before = await tables.note.get(database, place);
    const revision = Math.min(MAX_REVISION, 1 + (before?.revision ?? 0));
    const id = toHex(randomBytes(NOTE_ID_BYTES));
    const record: NoteRecord = { revision, id, value };
    await writeAtomic({ database, writes: [tables.note.put(place, record)], sync: true });
    after?.();
  });
}
