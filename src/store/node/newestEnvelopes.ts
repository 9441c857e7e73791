import type { Envelope } from "../../wire/envelope.ts";
import { toHex } from "../../wire/ids.ts";
import { keyOf, rangeOf } from "../keys.ts";
import { nodeSchema } from "../schema.ts";
import { decodeBody, decodePlace } from "./batchRecord.ts";
import { loadBatches } from "./loadBatches.ts";
import type { LogStore } from "./logStore.ts";

/** The last `limit` arrivals of a topic, the latest first; an envelope that came twice is there twice. */
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
  const bodies = await level.getMany(hashes.map((envelope) => keyOf(nodeSchema.body, { envelope })));
  return bodies.flatMap((body) => (body === undefined ? [] : [decodeBody(body)]));
}
