import { waitMs } from "../../clock/waitMs.ts";
import { isStorageFault } from "../../errors.ts";
import { tables } from "../database/tables.ts";
import type { CoreParts } from "../group/core.ts";
import { endRequest, isOver } from "./historyRequest.ts";
import { endSending } from "./historySending.ts";

const PERIOD_MS = 10 * 60_000;

/** Erases keys of histories that were never finished, after a day. Ends when the client closes. */
export async function eraseOldKeys(
  core: CoreParts<"closing" | "database" | "links" | "onStorageFault">,
): Promise<void> {
  const { signal } = core.closing;
  while (!signal.aborted) {
    await eraseOnce(core).catch((error: unknown) => {
      if (!signal.aborted && isStorageFault(error)) core.onStorageFault(error);
    });
    await waitMs({ ms: PERIOD_MS, signal });
  }
}

export async function eraseOnce(core: CoreParts<"database" | "links">): Promise<void> {
  const request = await tables.historyRequest.get(core.database, {});
  if (request && isOver(core, request)) await endRequest(core, request);
  for await (const { value } of tables.historySending.rows(core.database)) {
    if (isOver(core, value)) await endSending(core, value);
  }
}
