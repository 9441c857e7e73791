import type { BatchEnd } from "../wire/heldLog.ts";
import type { LogId } from "../wire/logRange.ts";
import type { Syncing, Told } from "./syncing.ts";
import { takeRival } from "./takeRival.ts";

/** How many batches back along a branch are fetched in one round. */
const MAX_STEPS = 64;

/**
 * Fetches, by header, what peers hold of other branches of a log, and the predecessors that this node's batches lack.
 */
export async function fetchBranches(params: {
  sync: Syncing;
  log: LogId;
  peers: readonly Told[];
}): Promise<void> {
  const { sync, log, peers } = params;
  for (const { peerId, head } of peers) {
    if (head === undefined) continue;
    const { next, headerHash, floor } = head.range;
    const last = headerHash === undefined ? [] : [{ end: next, headerHash }];
    for (const { end, headerHash } of [...last, ...head.branches]) {
      if (end > floor) await fetchBack({ sync, peerId, log, end, headerHash });
    }
  }
  const { lacking } = await sync.meshLog.branches(log);
  for (const end of lacking) for (const { peerId } of peers) await fetchBack({ sync, peerId, log, ...end });
}

/** Fetches a batch that this node lacks, and those before it back to one that this node holds. */
async function fetchBack(params: BatchEnd & { sync: Syncing; peerId: string; log: LogId }): Promise<void> {
  const { sync, peerId, log } = params;
  const { meshLog, refusals, signal } = sync;
  let { end, headerHash } = params;
  for (let step = 0; step < MAX_STEPS && !signal.aborted; step++) {
    const { range } = meshLog.headOf(log);
    if (end <= range.floor || end > range.next) return;
    if (refusals.until({ log, what: headerHash }) !== undefined) return;
    if ((await meshLog.headerEndingAt({ log, end, headerHash })) !== undefined) return;
    const header = await takeRival({ sync, peerId, log, end, headerHash });
    if (header === undefined) return;
    end = header.firstSequence;
    headerHash = header.previous;
  }
}
