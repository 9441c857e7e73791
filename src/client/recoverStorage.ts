import { steadyMs } from "../clock/steadyMs.ts";
import { waitMs } from "../clock/waitMs.ts";
import { isStorageFault, type WeftError } from "../errors.ts";
import { valuesOf } from "../store/client/table.ts";
import { reopenDatabase } from "../store/openDatabase.ts";
import type { GroupId } from "../wire/ids.ts";
import { loadConsents } from "./database/consents.ts";
import { tables } from "./database/tables.ts";
import { goOffline, goOnline } from "./goOnline.ts";
import type { ClientCore, CoreParts } from "./group/core.ts";
import { passDoubt } from "./group/journal.ts";
import { loadGroups } from "./group/loadGroups.ts";
import { selfOf } from "./identity/openIdentity.ts";
import { notifyWaiters } from "./outbox/notifyWaiters.ts";

const RETRY_MS = 1_000;
/** A database that fails again so soon is left alone for a moment. */
const HARDLY_MENDED_MS = 5_000;

/** Notes a fault of the disk; the app hears once why nothing can be kept. */
export function noteStorageFault(core: ClientCore, fault: WeftError | undefined): void {
  const isNews = fault !== undefined && fault.code !== core.storageFault?.code;
  core.storageFault = fault ?? core.storageFault;
  if (!isNews) return;
  const { code, message, hint } = fault;
  core.events.emit({ kind: "storage-trouble", code, message, hint });
}

/** Waits until the database is open again. Throws why it is not as soon as a try has failed. */
export async function untilReopened(
  core: CoreParts<"recovery" | "storageFault" | "storageTried">,
): Promise<void> {
  await Promise.race([core.recovery, core.storageTried.promise]);
  if (core.recovery && core.storageFault) throw core.storageFault;
}

/**
 * After a failed write only the disk tells what holds: everything stops, the database is opened again, and what was
 * in memory is read anew. Tries until it works or the client is closed. Never throws.
 */
export async function recoverStorage(core: ClientCore): Promise<void> {
  const { signal } = core.closing;
  core.logger.error({ path: core.database.path }, "a write failed; the database is opened again");
  await goOffline(core);
  if (steadyMs() - core.storageMendedMs < HARDLY_MENDED_MS) await waitMs({ ms: RETRY_MS, signal });
  await readDisk(core);
  if (signal.aborted) return;
  core.events.emit({ kind: "missed" });
  if (core.wantsOnline) goOnline(core);
}

/**
 * Opens the database again and reads memory anew: what failed may have landed all the same. Tries until it works or the
 * client is closed. Never throws.
 */
export async function readDisk(core: ClientCore): Promise<void> {
  const { signal } = core.closing;
  while (!signal.aborted) {
    try {
      await holdGroups(core, async (held) => {
        await reopenDatabase(core.database);
        await readAnew(core, held);
      });
      core.storageFault = undefined;
      core.storageTried.resolve();
      core.storageTried = Promise.withResolvers();
      core.storageMendedMs = steadyMs();
      return;
    } catch (error) {
      if (isStorageFault(error)) noteStorageFault(core, error);
      core.storageTried.resolve();
      core.logger.error({ err: error }, "the database does not open");
      await waitMs({ ms: RETRY_MS, signal });
    }
  }
}

/**
 * Runs a task while nothing else happens to the groups that there are: what an app asks for meanwhile would be written
 * after the disk was read, and forgotten with what was in memory before.
 */
export async function holdGroups<Result>(
  core: CoreParts<"groups">,
  task: (held: ReadonlySet<GroupId>) => Promise<Result>,
): Promise<Result> {
  const groups = [...core.groups.values()];
  const over = Promise.withResolvers<void>();
  const holds = groups.map(({ queue }) => {
    const begun = Promise.withResolvers<void>();
    void queue.run(async () => {
      begun.resolve();
      await over.promise;
    });
    return begun.promise;
  });
  try {
    await Promise.all(holds);
    return await task(new Set(groups.map(({ id }) => id)));
  } finally {
    over.resolve();
  }
}

/** Makes memory follow the disk, but for groups that have come since those were held. */
export async function readAnew(core: ClientCore, held: ReadonlySet<GroupId>): Promise<void> {
  const { groups, nextSequence } = await loadGroups(core.database);
  for (const fresh of groups) {
    const known = core.groups.get(fresh.id);
    if (known && !held.has(fresh.id)) continue;
    if (known) {
      known.view = fresh.view;
      known.epochs.clear();
      known.isDoubtful = false;
    } else core.groups.set(fresh.id, fresh);
  }
  const identity = await tables.identity.get(core.database, {});
  if (identity) core.self = selfOf(identity);
  core.copy = await tables.copy.get(core.database, {});
  core.nextSequence = Math.max(core.nextSequence, nextSequence);
  core.keyPackages.clear();
  for (const kept of await valuesOf(tables.keyPackage.rows(core.database))) {
    core.keyPackages.set(kept.own.generation, kept);
  }
  const { conversations, inboxes } = await loadConsents(core.database);
  core.consents.conversations = conversations;
  core.consents.inboxes = inboxes;
  await notifyWaiters(core);
  passDoubt(core.journal);
}
