import { steadyMs } from "../clock/steadyMs.ts";
import type { BatchHeader } from "../wire/batchHeader.ts";
import type { BatchEnd } from "../wire/heldLog.ts";
import { type LogId, logName } from "../wire/logRange.ts";
import { catchUpLog, type Round } from "./catchUpLog.ts";
import { fetchBranches } from "./fetchBranches.ts";
import { fetchCovered } from "./fetchCovered.ts";
import { noteAbsence } from "./noteAbsence.ts";
import type { Peer } from "./peerTurns.ts";
import { unrefused } from "./refusals.ts";
import type { Syncing, Told } from "./syncing.ts";
import { takeRival } from "./takeRival.ts";

/** How long a log is left alone after a batch of it came that can't be judged yet. */
const WAIT_MS = 3_000;

/**
 * Fetches once what a log lacks, then what its branches lack; if this node refused some of it, also what the log's next
 * checkpoint covers.
 */
export async function fetchLog({ sync, log }: { sync: Syncing; log: LogId }): Promise<void> {
  const { waits, turns } = sync;
  const name = logName(log);
  if ((waits.get(name) ?? 0) > steadyMs()) return;
  waits.delete(name);
  const round = await fetchMissing({ sync, log });
  const peers = turns.order(toldOf({ sync, name }));
  await fetchBranches({ sync, log, peers });
  const { meshLog, checkpointFrom, signal } = sync;
  if (round.refused.length === 0 || checkpointFrom === undefined) return;
  const take = async (wanted: BatchEnd): Promise<BatchHeader | undefined> => {
    for (const { peerId } of peers) {
      const header = await takeRival({ sync, peerId, log, ...wanted });
      if (header !== undefined) return header;
    }
    return undefined;
  };
  await fetchCovered({ log, meshLog, checkpointFrom, take, signal });
}

/** Fetches the log's missing ranges, and remembers what was refused, is absent or can't be judged yet. */
async function fetchMissing({ sync, log }: { sync: Syncing; log: LogId }): Promise<Round> {
  const { meshLog, refusals, absences, waits, logger } = sync;
  const name = logName(log);
  const peers = (): Peer[] =>
    toldOf({ sync, name }).map(({ peerId, head }) => ({ peerId, reaches: head?.highest ?? 0n }));
  const { next } = meshLog.headOf(log).range;
  const missing = await meshLog.missing(log);
  const ranges = missing.flatMap((range) => unrefused({ refusals, log, range }));
  const round = await catchUpLog({ ...sync, log, ranges, peers });
  if (round.waits) waits.set(name, steadyMs() + WAIT_MS);
  if (round.stored > 0) logger.debug({ log: name, batches: round.stored }, "fetched what was missing");
  for (const { from, until } of round.refused) refusals.note({ log, what: from, until });
  const known = absences.get(name);
  const leftOut = known?.first === next && !ranges.some(({ from }) => from === next);
  await noteAbsence({ sync, log, absent: leftOut ? known : round.absent });
  return round;
}

function toldOf(params: { sync: Pick<Syncing, "headsByPeer">; name: string }): Told[] {
  const { sync, name } = params;
  return [...sync.headsByPeer].map(([peerId, heads]) => ({ peerId, head: heads.get(name) }));
}
