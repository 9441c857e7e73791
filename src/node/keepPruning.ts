import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { steadyMs } from "../clock/steadyMs.ts";
import { compactDatabase } from "../store/compactDatabase.ts";
import type { ChainIndex } from "../store/node/chainIndex.ts";
import { dropPayloads } from "../store/node/keepPayloads.ts";
import type { LogStore } from "../store/node/logStore.ts";
import { pruneLogs, type Retention } from "../store/node/pruneLogs.ts";
import type { GroupId } from "../wire/ids.ts";
import type { NodeTime } from "./nodeTime.ts";
import type { NodeSettings } from "./settings/nodeSettings.ts";
import type { DiskRoom } from "./watchRoom.ts";

type RetentionDays = Pick<
  NodeSettings,
  "groupDays" | "keyPackageDays" | "welcomeDays" | "historyDays" | "unknownDays"
>;
type Kept = {
  readonly store: LogStore;
  readonly index: ChainIndex;
  /** True if somebody reads the group's entries here. */
  readonly isRead: (group: GroupId) => boolean;
  readonly settings: RetentionDays & Pick<NodeSettings, "entryDays">;
  /** Hears how many envelopes were removed. */
  readonly onPruned: (count: number) => void;
  readonly logger: Logger;
  readonly signal: AbortSignal;
};

const LOOK_MS = 5_000;
const PERIOD_MS = 60 * 60_000;
const DAY_MS = 24 * 60 * 60_000;
/** The most days that strangers' kinds are kept while there is hardly any room. */
const SCARCE_DAYS = 7;

/**
 * Removes envelopes that are older than their kind's retention, every hour and once room becomes scarce; and every day
 * the payloads of entries that nobody reads. Ends when the signal aborts.
 */
export async function keepPruning(
  params: Kept & {
    time: Pick<NodeTime, "chain">;
    room: Pick<DiskRoom, "shortage">;
    lookMs?: number;
  },
): Promise<void> {
  const { time, room, logger, signal, lookMs = LOOK_MS } = params;
  let atMs = steadyMs() + PERIOD_MS;
  let entriesAtMs = atMs;
  let wasScarce = false;
  while (!signal.aborted) {
    await delay(lookMs, undefined, { signal }).catch(() => undefined);
    const isScarce = room.shortage() !== undefined;
    const isDue = steadyMs() >= atMs || (isScarce && !wasScarce);
    // Nothing is thrown away before the chain has told the time.
    if (signal.aborted || !isDue || time.chain() === undefined) continue;
    atMs = steadyMs() + PERIOD_MS;
    wasScarce = isScarce;
    try {
      await pruneEnvelopes({ ...params, isScarce });
      if (steadyMs() < entriesAtMs) continue;
      entriesAtMs = steadyMs() + DAY_MS;
      await pruneEntries(params);
    } catch (error) {
      logger.error({ err: error }, "pruning failed; it is tried again in an hour");
    }
  }
}

async function pruneEnvelopes(params: Kept & { isScarce: boolean }): Promise<void> {
  const { store, isScarce, onPruned, logger, signal } = params;
  const removed = await pruneLogs({ store, retention: retentionOf(params), signal });
  if (removed === 0) return;
  onPruned(removed);
  logger.info({ removed }, "pruned envelopes");
  if (isScarce) await compactDatabase(store.database);
}

async function pruneEntries({ store, index, isRead, settings, logger, signal }: Kept): Promise<void> {
  const before = store.nowMs() - settings.entryDays * DAY_MS;
  if (!Number.isFinite(before)) return;
  const groups = await dropPayloads({ index, before, isRead, signal });
  if (groups > 0) logger.info({ groups }, "dropped entries of groups that nobody reads here");
}

/** Gives the time in milliseconds that each kind is kept; kinds that are kept for ever are not named. */
export function retentionOf(params: { settings: RetentionDays; isScarce: boolean }): Retention {
  const { groupDays, keyPackageDays, welcomeDays, historyDays, unknownDays } = params.settings;
  const strangerDays = (days: number): number => (params.isScarce ? Math.min(days, SCARCE_DAYS) : days);
  const kinds = {
    group: groupDays,
    "key-package": keyPackageDays,
    welcome: strangerDays(welcomeDays),
    "group-info": strangerDays(welcomeDays),
    history: strangerDays(historyDays),
    other: strangerDays(unknownDays),
  };
  const named = Object.entries(kinds).filter(([, days]) => Number.isFinite(days));
  return Object.fromEntries(named.map(([kind, days]) => [kind, days * DAY_MS]));
}
