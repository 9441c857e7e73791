import type { BatchHeader } from "../wire/batchHeader.ts";
import type { BatchEnd } from "../wire/heldLog.ts";
import type { LogId } from "../wire/logRange.ts";
import type { CheckpointFrom } from "./isCovered.ts";
import type { MeshLog } from "./meshLog.ts";

/** How many batches are fetched on the way back in one round. */
const MAX_STEPS = 512;

/**
 * Fetches what the next checkpoint of a log covers, batch by batch from the checkpoint back to what is held. For a node
 * that has ended, a page that does not reach to a checkpoint is refused: nothing shows yet that one covers it.
 */
export async function fetchCovered(params: {
  log: LogId;
  meshLog: Pick<MeshLog, "headOf" | "headerEndingAt">;
  checkpointFrom: CheckpointFrom;
  /** Asks peers for the batch of a header, and stores it; undefined if no peer gives it. */
  take: (wanted: BatchEnd) => Promise<BatchHeader | undefined>;
  signal: AbortSignal;
}): Promise<void> {
  const { log, meshLog, checkpointFrom, take, signal } = params;
  const { next } = meshLog.headOf(log).range;
  const checkpoint = await checkpointFrom({ log, sequence: next });
  let wanted = checkpoint && { end: checkpoint.sequence + 1n, headerHash: checkpoint.headerHash };
  for (let step = 0; wanted !== undefined && step < MAX_STEPS && !signal.aborted; step++) {
    if (wanted.end <= next) return;
    const header: BatchHeader | undefined =
      (await meshLog.headerEndingAt({ log, ...wanted })) ?? (await take(wanted));
    wanted = header && { end: header.firstSequence, headerHash: header.previous };
  }
}
