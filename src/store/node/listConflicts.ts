import { asId, type Hex, type NodeId, toHex } from "../../wire/ids.ts";
import type { LogId } from "../../wire/logRange.ts";
import { parseKey, rangeOf } from "../keys.ts";
import { nodeSchema } from "../schema.ts";
import type { LogStore } from "./logStore.ts";

/** Two batches that one node signed for overlapping sequences of one log, by their header hashes. */
export type Conflict = {
  readonly log: LogId;
  readonly headers: readonly [Hex, Hex];
  /** When the conflict was found, in milliseconds since 1970. */
  readonly foundAt: number;
};

/** Lists all conflicts that this node has found. */
export async function listConflicts(store: LogStore): Promise<Conflict[]> {
  const entries = await store.database.level.iterator(rangeOf(nodeSchema.conflict, {})).all();
  return entries.map(([key, value]) => {
    const { node, generation, shard, header, rival } = parseKey(nodeSchema.conflict, key);
    const foundAt = Number(new DataView(value.buffer, value.byteOffset, value.length).getBigUint64(0));
    const log = { node: asId<NodeId>(node), generation, shard };
    return { log, headers: [toHex(header), toHex(rival)], foundAt };
  });
}
