import { parseKey, rangeOf } from "../keys.ts";
import type { Database } from "../openDatabase.ts";
import { nodeSchema } from "../schema.ts";

/** Reads, by number of the topic kind (see `kindNumber`), the offset before which all envelopes are removed. */
export async function prunedOffsets(database: Database): Promise<Map<number, bigint>> {
  const entries = await database.level.iterator(rangeOf(nodeSchema.pruned, {})).all();
  return new Map(
    entries.map(([key, value]) => {
      const offset = new DataView(value.buffer, value.byteOffset, value.length).getBigUint64(0);
      return [parseKey(nodeSchema.pruned, key).kind, offset];
    }),
  );
}
