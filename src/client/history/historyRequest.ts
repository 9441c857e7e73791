import { randomBytes } from "#crypto";
import { zero } from "../../crypto/zero.ts";
import { writeAtomic } from "../../store/writeAtomic.ts";
import { type HistoryRequestRecord, tables } from "../database/tables.ts";
import type { CoreParts } from "../group/core.ts";
import { leastMs } from "../nodes/chainTime.ts";

/** Keys of histories on their way are erased after so long at most. */
export const HISTORY_KEY_MS = 24 * 3600 * 1000;

const SEED_BYTES = 32;

type Core = CoreParts<"database" | "links" | "self">;

/** True for what was begun so long ago that its key has to be erased; a time that lies ahead of now says nothing. */
export function isOver(core: CoreParts<"links">, { createdAtMs }: { createdAtMs: number }): boolean {
  return Math.abs(leastMs(core.links) - createdAtMs) >= HISTORY_KEY_MS;
}

/** Gives the request of this device that is good still, or begins a new one. */
export async function openRequest(core: Core): Promise<HistoryRequestRecord> {
  const known = await tables.historyRequest.get(core.database, {});
  const installation = core.self.installation.key;
  if (known && !isOver(core, known) && known.installation === installation) return known;
  const drawn = { seed: randomBytes(SEED_BYTES), installation, createdAtMs: leastMs(core.links) };
  const record = { ...drawn, next: 0, messages: 0, come: 0, bytes: 0 };
  await putRequest(core, record);
  return record;
}

export async function putRequest(core: CoreParts<"database">, record: HistoryRequestRecord): Promise<void> {
  await writeAtomic({
    database: core.database,
    writes: [tables.historyRequest.put({}, record)],
    sync: true,
  });
}

/** Erases the keys of a request. */
export async function endRequest(
  core: CoreParts<"database">,
  record: Pick<HistoryRequestRecord, "seed" | "key">,
): Promise<void> {
  zero(record.seed, record.key?.secret);
  await writeAtomic({ database: core.database, writes: [tables.historyRequest.del({})], sync: true });
}
