import { randomBytes } from "#crypto";
import { valueOver } from "../../reconciler/timeline/noteRules.ts";
import { type Write, writeAtomic } from "../../store/writeAtomic.ts";
import { type Hex, toHex } from "../../wire/ids.ts";
import { NOTE_ID_BYTES } from "../../wire/notes.ts";
import type { NoteRecord } from "../database/noteRecord.ts";
import { tables } from "../database/tables.ts";
import type { CoreParts } from "./core.ts";
import { roomToWrite } from "./ownRoom.ts";

const MAX_REVISION = 2 ** 32 - 1;

/** The register that a note is for. */
type NotePlace = { readonly kind: number; readonly subject: Hex };

/** What noting something needs of the core. */
export type NotingCore = CoreParts<"database" | "groups" | "notes" | "ownRoomWakeup" | "self">;

/**
 * Notes what the person has chosen, over what was chosen before, and has it told to the person's other devices; `after`
 * follows while nothing else is noted. Throws what a disk may say.
 */
export async function writeNotes(params: {
  core: NotingCore;
  notes: readonly (NotePlace & { readonly value: Uint8Array })[];
  after?: () => void;
}): Promise<void> {
  const { core, notes, after } = params;
  const { database } = core;
  await core.notes.run(async () => {
    const writes: Write[] = [];
    for (const { kind, subject, value } of notes) {
      const before = await tables.note.get(database, { kind, subject });
      const record = chosen({ core, before, value: valueOver({ kind, value, before }) });
      writes.push(tables.note.put({ kind, subject }, record));
    }
    await writeAtomic({ database, writes, sync: true });
    after?.();
  });
  core.ownRoomWakeup.wake();
}

function chosen(params: {
  core: CoreParts<"groups" | "self">;
  before: NoteRecord | undefined;
  value: Uint8Array;
}): NoteRecord {
  const { core, before, value } = params;
  const former = before?.epoch ?? 0;
  const epoch = Math.max(former, roomToWrite(core)?.view.record.epoch ?? 0);
  const revision = epoch > former ? 1 : Math.min(MAX_REVISION, 1 + (before?.revision ?? 0));
  return { epoch, revision, id: toHex(randomBytes(NOTE_ID_BYTES)), value };
}
