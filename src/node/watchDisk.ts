import type { Logger } from "pino";
import { steadyMs } from "../clock/steadyMs.ts";
import { isWeftError } from "../errors.ts";
import type { LogStore } from "../store/node/logStore.ts";
import type { Readiness } from "./readiness.ts";

/** A database that can't be opened for so long, though the disk has room, needs a person who looks. */
const MAX_FAULT_MS = 60_000;

/**
 * Makes the node unready while its disk fails. A full disk is waited for; a damaged database, or another fault for
 * longer than MAX_FAULT_MS, has failed for good.
 */
export function watchDisk(params: { store: LogStore; readiness: Readiness; logger: Logger }): Disposable {
  const { store, readiness, logger } = params;
  let sinceMs: number | undefined;
  const listener: Parameters<LogStore["faultListeners"]["add"]>[0] = (fault) => {
    readiness.tell({ disk: fault?.message });
    if (fault === undefined) {
      if (sinceMs !== undefined) logger.info({}, "the database is open again");
      sinceMs = undefined;
      return;
    }
    if (sinceMs === undefined) logger.error({ err: fault }, "the database is opened again after a fault");
    sinceMs ??= steadyMs();
    if (isWeftError(fault, "disk-full")) sinceMs = steadyMs();
    const isOver = isWeftError(fault, "damaged-database") || steadyMs() - sinceMs > MAX_FAULT_MS;
    if (isOver && readiness.failure() === undefined) {
      logger.fatal({ err: fault }, "the database can't be opened any more");
      readiness.tell({ failure: fault });
    }
  };
  store.faultListeners.add(listener);
  return { [Symbol.dispose]: () => void store.faultListeners.delete(listener) };
}
