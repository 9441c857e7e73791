import { type EnvelopeHash, fromHex, toHex } from "../../wire/ids.ts";
import type { Receipt } from "../../wire/receipt.ts";
import { keyOf, rangeOf } from "../keys.ts";
import { nodeSchema } from "../schema.ts";
import { decodePlace } from "./batchRecord.ts";
import { loadBatches } from "./loadBatches.ts";
import type { LogStore } from "./logStore.ts";

/** How many receipts of an envelope are told at most. */
const MAX_RECEIPTS = 16;

/** Lists receipts of an envelope, by all nodes that took it, the latest arrival first; none if it is not stored. */
export async function receiptsOf(params: { store: LogStore; hash: EnvelopeHash }): Promise<Receipt[]> {
  const { store, hash } = params;
  const range = rangeOf(nodeSchema.receipt, { envelope: hash });
  const options = { ...range, reverse: true, limit: MAX_RECEIPTS };
  const places = (await store.database.level.values(options).all()).map(decodePlace);
  const batches = await loadBatches(store.database, places);
  return places.flatMap(({ batchKey, index }) => batches.get(toHex(batchKey))?.receipts()[index] ?? []);
}

/** Tells for each envelope, in the order asked, whether it is on this node's disk. */
export async function hasEnvelopes(params: {
  store: LogStore;
  hashes: readonly EnvelopeHash[];
}): Promise<boolean[]> {
  const { store, hashes } = params;
  return store.database.level.hasMany(
    hashes.map((hash) => keyOf(nodeSchema.body, { envelope: fromHex(hash) })),
  );
}

/** Tells each envelope's shard, in the order asked, by the log of its latest arrival; undefined if it is not stored. */
export async function shardsOfStored(params: {
  store: LogStore;
  hashes: readonly EnvelopeHash[];
}): Promise<(number | undefined)[]> {
  const { store, hashes } = params;
  const places = hashes.map(async (hash) => {
    const range = { ...rangeOf(nodeSchema.receipt, { envelope: hash }), reverse: true, limit: 1 };
    return await store.database.level.values(range).all();
  });
  return (await Promise.all(places)).map(([place]) => place && decodePlace(place).log.shard);
}
