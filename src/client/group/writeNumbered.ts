import type { Database } from "../../store/openDatabase.ts";
import { type Write, writeAtomic } from "../../store/writeAtomic.ts";
import type { GroupId } from "../../wire/ids.ts";
import type { JournalEvent } from "../database/journalRecord.ts";
import { type Journal, numberChanges } from "./journal.ts";

/** Writes a batch and what readers of the journal are told of it. Throws what a disk may say. */
export async function writeNumbered(params: {
  core: { readonly database: Database; readonly journal: Journal };
  group: GroupId;
  writes: readonly Write[];
  events: readonly JournalEvent[];
  sync: boolean;
}): Promise<void> {
  const { core, group, writes, events, sync } = params;
  const { database, journal } = core;
  const numbered = await numberChanges({ database, journal, group, events });
  await writeAtomic({ database, writes: [...writes, ...numbered.writes], sync }).catch((error: unknown) => {
    numbered.failed();
    throw error;
  });
  numbered.done();
}
