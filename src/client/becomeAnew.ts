import type { ClientCore } from "./core.ts";
import { goOffline, goOnline } from "./goOnline.ts";
import { replaceInstallation } from "./identity/replaceInstallation.ts";
import { notifyIntent } from "./outbox/waiters.ts";
import { readAnew } from "./recoverStorage.ts";

/**
 * Makes a new installation of a client whose database is a copy, while nothing else runs; then it goes on as if it had
 * been opened with that. Never throws: what fails is tried again with the next opening.
 */
export async function becomeAnew(core: ClientCore): Promise<void> {
  const wasOnline = core.online !== undefined;
  await goOffline(core);
  for (const group of core.groups.values()) await group.queue.idle();
  await core.welcomes.idle();
  await core.joins.idle();
  try {
    if (core.copy?.isReplaced !== false || core.closing.signal.aborted) return;
    const ended = await replaceInstallation(core, core.copy);
    await readAnew(core);
    for (const intent of ended) notifyIntent(core, intent);
    core.changes++;
    for (const { id } of core.groups.values()) core.events.emit({ kind: "group", group: id });
  } catch (error) {
    core.logger.error({ err: error }, "the new installation was not made");
  } finally {
    if (wasOnline && !core.closing.signal.aborted) goOnline(core);
  }
}
