import { zero } from "../../crypto/zero.ts";
import { writeAtomic } from "../../store/writeAtomic.ts";
import type { InstallationKey } from "../../wire/ids.ts";
import { type HistorySendingRecord, tables } from "../database/tables.ts";
import type { CoreParts } from "../group/core.ts";

export async function readSending(
  core: CoreParts<"database">,
  installation: InstallationKey,
): Promise<HistorySendingRecord | undefined> {
  return await tables.historySending.get(core.database, { installation });
}

export async function putSending(core: CoreParts<"database">, record: HistorySendingRecord): Promise<void> {
  const put = tables.historySending.put({ installation: record.to }, record);
  await writeAtomic({ database: core.database, writes: [put], sync: true });
}

/** Erases the keys of a history that was sent. */
export async function endSending(core: CoreParts<"database">, record: HistorySendingRecord): Promise<void> {
  zero(record.key.secret, record.code);
  const del = tables.historySending.del({ installation: record.to });
  await writeAtomic({ database: core.database, writes: [del], sync: true });
}
