import type { Logger } from "pino";
import { steadyMs } from "../clock/steadyMs.ts";
import { isWeftError } from "../errors.ts";
import type { LogStore } from "../store/node/logStore.ts";
import type { Readiness } from "./readiness.ts";

/** A database that can't be opened for so long, though the disk has room, needs somebody who looks. */
const MAX_FAULT_MS = 60_000;

/**
 * While the disk fails the node is not ready. A full disk it waits for; what is damaged, or fails for MAX_FAULT_MS in
 * another way, has failed for good.
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
