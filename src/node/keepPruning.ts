import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { steadyMs } from "../clock/steadyMs.ts";
import type { NodeSettings } from "../config.ts";
import { compactDatabase } from "../store/compactDatabase.ts";
import type { LogStore } from "../store/node/logStore.ts";
import { pruneLogs, type Retention } from "../store/node/pruneLogs.ts";
import type { NodeTime } from "./nodeTime.ts";
import type { DiskRoom } from "./watchRoom.ts";

type RetentionDays = Pick<NodeSettings, "groupDays" | "keyPackageDays" | "welcomeDays" | "unknownDays">;

const LOOK_MS = 5_000;
const PERIOD_MS = 60 * 60_000;
const DAY_MS = 24 * 60 * 60_000;
/** What strangers can fill is kept for no longer while there is hardly any room. */
const SCARCE_DAYS = 7;

/** Removes what is older than its kind's retention: every hour, and once room becomes scarce. Ends when the signal aborts. */
export async function keepPruning(params: {
  store: LogStore;
  time: Pick<NodeTime, "chain">;
  room: Pick<DiskRoom, "shortage">;
  settings: RetentionDays;
  logger: Logger;
  signal: AbortSignal;
  lookMs?: number;
}): Promise<void> {
  const { store, time, room, settings, logger, signal, lookMs = LOOK_MS } = params;
  let atMs = steadyMs() + PERIOD_MS;
  let wasScarce = false;
  while (!signal.aborted) {
    await delay(lookMs, undefined, { signal }).catch(() => undefined);
    const isScarce = room.shortage() !== undefined;
    const isDue = steadyMs() >= atMs || (isScarce && !wasScarce);
    // Before the chain has told the time nothing is thrown away.
    if (signal.aborted || !isDue || time.chain() === undefined) continue;
    atMs = steadyMs() + PERIOD_MS;
    wasScarce = isScarce;
    try {
      const removed = await pruneLogs({ store, retention: retentionOf({ settings, isScarce }), signal });
      if (removed > 0) logger.info({ removed }, "pruned envelopes");
      if (removed > 0 && isScarce) await compactDatabase(store.database);
    } catch (error) {
      logger.error({ err: error }, "pruning failed; it is tried again in an hour");
    }
  }
}

/** Kinds that are kept for ever are not named. */
export function retentionOf(params: { settings: RetentionDays; isScarce: boolean }): Retention {
  const { groupDays, keyPackageDays, welcomeDays, unknownDays } = params.settings;
  const strangerDays = (days: number): number => (params.isScarce ? Math.min(days, SCARCE_DAYS) : days);
  const kinds = {
    group: groupDays,
    "key-package": keyPackageDays,
    welcome: strangerDays(welcomeDays),
    "group-info": strangerDays(welcomeDays),
    other: strangerDays(unknownDays),
  };
  const named = Object.entries(kinds).filter(([, days]) => Number.isFinite(days));
  return Object.fromEntries(named.map(([kind, days]) => [kind, days * DAY_MS]));
}
