import { tables } from "../database/tables.ts";
import type { CoreParts } from "../group/core.ts";
import { notifyIntent } from "../group/waiters.ts";

/** Tells all who hold a handle what the disk says: the write that failed last may have landed. */
export async function notifyWaiters(core: CoreParts<"database" | "waiters">): Promise<void> {
  const { database, waiters } = core;
  for (const id of [...waiters.keys()]) {
    const sequence = await tables.intentPlace.get(database, { id });
    const intent = sequence === undefined ? undefined : await tables.outbox.get(database, { sequence });
    if (intent) notifyIntent(core, intent);
  }
  for await (const { value } of tables.revocation.rows(database)) notifyIntent(core, value);
}
