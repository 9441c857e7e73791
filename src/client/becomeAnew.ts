import { waitMs } from "../clock/waitMs.ts";
import { goOffline, goOnline } from "./goOnline.ts";
import type { ClientCore } from "./group/core.ts";
import { replaceInstallation } from "./identity/replaceInstallation.ts";
import { holdGroups, readAnew, readDisk } from "./recoverStorage.ts";

const RETRY_MS = 1_000;

/**
 * Makes a new installation of a client whose database is a copy, while nothing else runs; then it goes on as if it had
 * been opened with that. Tries until it works or the client is closed. Never throws.
 */
export async function becomeAnew(core: ClientCore): Promise<void> {
  await goOffline(core);
  await core.welcomes.idle();
  await core.joins.idle();
  const { signal } = core.closing;
  while (core.copy?.isReplaced === false && !signal.aborted) {
    try {
      const { copy } = core;
      await holdGroups(core, async (held) => {
        await replaceInstallation(core, copy);
        await readAnew(core, held);
      });
    } catch (error) {
      core.logger.error({ err: error }, "the new installation was not made; it is tried again");
      await waitMs({ ms: RETRY_MS, signal });
      await readDisk(core);
    }
  }
  core.changes++;
  for (const { id } of core.groups.values()) core.events.emit({ kind: "group", group: id });
  if (core.wantsOnline && !signal.aborted) goOnline(core);
}
