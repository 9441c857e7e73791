import { type BatchHeader, batchHeaderHash } from "../wire/batchHeader.ts";
import type { Hex } from "../wire/ids.ts";
import type { LogId } from "../wire/logRange.ts";
import type { Arrival } from "./arrival.ts";
import type { MeshLog } from "./meshLog.ts";

/** A checkpoint of a log: `sequence` is the last one that the header covers. */
export type MeshCheckpoint = { readonly sequence: bigint; readonly headerHash: Hex };

/** Finds the first checkpoint of a log at or after a sequence. */
export type CheckpointFrom = (params: {
  log: LogId;
  sequence: bigint;
}) => Promise<MeshCheckpoint | undefined>;

/** How many headers are followed from a checkpoint back to a batch. */
const MAX_STEPS = 20_000;
/** How many hashes are remembered, so that not every batch of a page is searched from the checkpoint on. */
const MAX_REMEMBERED = 50_000;

/**
 * Opens the check whether a checkpoint covers an arrival: the checkpoint is of the batch's own header, or of a later
 * one from which a chain of headers, each on disk or come beside the batch, leads back to the batch.
 */
export function openCoveredCheck(params: {
  log: Pick<MeshLog, "headerEndingAt">;
  checkpointFrom: CheckpointFrom | undefined;
}): (arrival: Arrival) => Promise<boolean> {
  const { log: meshLog, checkpointFrom } = params;
  const covered = new Set<Hex>();
  const remember = (hash: Hex): void => {
    covered.add(hash);
    const [oldest] = covered;
    if (covered.size > MAX_REMEMBERED && oldest !== undefined) covered.delete(oldest);
  };
  return async ({ batch, beside }) => {
    if (checkpointFrom === undefined) return false;
    const hash = batchHeaderHash(batch.headerBytes);
    if (covered.has(hash)) return true;
    const { node, generation, shard, firstSequence, count } = batch.header;
    const log = { node, generation, shard };
    const last = firstSequence + BigInt(count) - 1n;
    const checkpoint = await checkpointFrom({ log, sequence: last });
    let wanted = checkpoint?.headerHash;
    let end = (checkpoint?.sequence ?? 0n) + 1n;
    for (let step = 0; wanted !== undefined && step < MAX_STEPS && end > last; step++) {
      remember(wanted);
      if (wanted === hash) return true;
      const header: BatchHeader | undefined =
        beside?.get(wanted) ?? (await meshLog.headerEndingAt({ log, end, headerHash: wanted }));
      end = header?.firstSequence ?? 0n;
      wanted = header?.previous;
    }
    return false;
  };
}
