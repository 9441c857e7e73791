import { type BatchHeader, batchHeaderHash } from "../wire/batchHeader.ts";
import type { Hex } from "../wire/ids.ts";
import type { LogId } from "../wire/logRange.ts";
import type { Arrival } from "./arrival.ts";
import type { MeshLog } from "./meshLog.ts";

/** What a node said of its log on the chain: `sequence` is the last one that the header covers. */
export type MeshCheckpoint = { readonly sequence: bigint; readonly headerHash: Hex };

/** The first checkpoint of a log at or after a sequence. */
export type CheckpointFrom = (params: {
  log: LogId;
  sequence: bigint;
}) => Promise<MeshCheckpoint | undefined>;

/** Headers on the way from a checkpoint back to a batch. */
const MAX_STEPS = 20_000;
/** Hashes that are remembered, so that a page's batches are not each looked for from the checkpoint on. */
const MAX_REMEMBERED = 50_000;

/**
 * Tells whether a checkpoint covers an arrival: it is the batch of that header, or the headers from there back to it,
 * held or come beside it, name each other.
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
