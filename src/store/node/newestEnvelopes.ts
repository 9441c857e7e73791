import type { Envelope } from "../../wire/envelope.ts";
import { toHex } from "../../wire/ids.ts";
import { keyOf, rangeOf } from "../keys.ts";
import { nodeSchema } from "../schema.ts";
import { decodeBody, decodePlace } from "./batchRecord.ts";
import { loadBatches } from "./loadBatches.ts";
import type { LogStore } from "./logStore.ts";

/** Lists the envelopes of a topic's last `limit` arrivals, the latest first, each once. */
export async function newestEnvelopes(params: {
  store: LogStore;
  topic: Uint8Array;
  limit: number;
}): Promise<Envelope[]> {
  const { store, topic, limit } = params;
  const { level } = store.database;
  const range = { ...rangeOf(nodeSchema.topicIndex, { topic }), reverse: true, limit };
  const places = (await level.values(range).all()).map(decodePlace);
  const batches = await loadBatches(store.database, places);
  const hashes = places.flatMap(
    ({ batchKey, index }) => batches.get(toHex(batchKey))?.record.envelopes[index]?.hash ?? [],
  );
  const distinct = new Map(hashes.map((hash) => [toHex(hash), hash]));
  const keys = [...distinct.values()].map((envelope) => keyOf(nodeSchema.body, { envelope }));
  const bodies = await level.getMany(keys);
  return bodies.flatMap((body) => (body === undefined ? [] : [decodeBody(body)]));
}
