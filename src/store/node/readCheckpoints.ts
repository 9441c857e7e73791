import type { Checkpoint } from "../../wire/coverage.ts";
import type { LogId } from "../../wire/logRange.ts";
import { keyOf, parseKey, rangeOf } from "../keys.ts";
import { nodeSchema } from "../schema.ts";
import type { ChainIndex } from "./chainIndex.ts";
import { decodeCheckpoint, decodeLastCheckpoint } from "./checkpointCodec.ts";

/** Lists the first `limit` checkpoints of a log at or after a sequence; their blocks rise with their sequences. */
export async function checkpointsFrom(params: {
  index: ChainIndex;
  log: LogId;
  sequence: bigint;
  limit: number;
}): Promise<Checkpoint[]> {
  const { index, log, sequence, limit } = params;
  const gte = keyOf(nodeSchema.checkpoint, { ...log, sequence });
  const { lt } = rangeOf(nodeSchema.checkpoint, log);
  const rows = await index.database.level.iterator({ gte, lt, limit }).all();
  return rows.map(([key, value]) => ({
    sequence: parseKey(nodeSchema.checkpoint, key).sequence,
    ...decodeCheckpoint(value),
  }));
}

/** Returns the last checkpoint of a log; undefined if it has none. */
export async function lastCheckpointOf(params: {
  index: ChainIndex;
  log: LogId;
}): Promise<{ readonly sequence: bigint; readonly block: number } | undefined> {
  const bytes = await params.index.database.level.get(keyOf(nodeSchema.lastCheckpoint, params.log));
  return bytes && decodeLastCheckpoint(bytes);
}
