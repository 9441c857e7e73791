import { setTimeout as delay } from "node:timers/promises";
import { isWeftError, type WeftError } from "../../errors.ts";
import { reopenDatabase } from "../openDatabase.ts";
import { storageFault } from "../storageFault.ts";
import type { LogStore } from "./logStore.ts";

/** The pause between two attempts to open a database that fails. */
const REOPEN_MS = 1_000;

/**
 * Opens a node's database again after a fault, of a write or a read: after a failed write, only the disk knows what was
 * written. Tries at once, then every second, until it works or the database is closed; meanwhile all writes are refused
 * with the fault. Never throws.
 */
export function mendStore(params: { store: LogStore; fault: WeftError }): Promise<void> {
  const { store, fault } = params;
  const { writer } = store;
  writer.mending ??= keepTrying(store, fault);
  return writer.mending;
}

async function keepTrying(store: LogStore, first: WeftError): Promise<void> {
  const { database, writer } = store;
  const { closed: signal } = database;
  tell(store, first);
  while (!signal.aborted) {
    const attempt = reopen(store);
    writer.attempt = attempt.then(() => undefined);
    if (await attempt) return;
    await delay(REOPEN_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Tries to open the database again; true if it works. Never throws. */
async function reopen(store: LogStore): Promise<boolean> {
  const { database, writer } = store;
  try {
    await reopenDatabase(database);
    // Cleared at once, so that the next fault is mended anew.
    writer.mending = undefined;
    tell(store, undefined);
    return true;
  } catch (cause) {
    if (!isWeftError(cause, "closed")) tell(store, storageFault({ path: database.path, cause }));
    return false;
  }
}

function tell({ writer, faultListeners }: LogStore, fault: WeftError | undefined): void {
  writer.fault = fault;
  for (const listener of faultListeners) listener(fault);
}
