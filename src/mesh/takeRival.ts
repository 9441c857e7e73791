import { type BatchHeader, batchHeaderHash } from "../wire/batchHeader.ts";
import type { BatchEnd } from "../wire/heldLog.ts";
import { type LogId, logName } from "../wire/logRange.ts";
import type { Syncing } from "./syncing.ts";

/**
 * Asks a peer for the batch with this header, stores it and returns its header; undefined if the peer does not give the
 * batch or this node does not accept it.
 */
export async function takeRival(
  params: BatchEnd & { sync: Syncing; peerId: string; log: LogId },
): Promise<BatchHeader | undefined> {
  const { peerId, log, end, headerHash } = params;
  const { ask, intake, refusals, logger } = params.sync;
  const answer = await ask(peerId, { kind: "batch", log, end, headerHash }).catch(() => undefined);
  const [batch] = answer?.kind === "page" ? answer.batches : [];
  if (batch === undefined || batchHeaderHash(batch.headerBytes) !== headerHash) return undefined;
  const verdict = await intake.take({ batch, from: peerId });
  if (verdict.kind !== "accept") {
    refusals.note({ log, what: headerHash, until: end });
    return undefined;
  }
  if (verdict.stored) logger.debug({ log: logName(log), headerHash }, "a batch was fetched by its header");
  return batch.header;
}
