import { type EnvelopeHash, fromHex, toHex } from "../../wire/ids.ts";
import type { Receipt } from "../../wire/receipt.ts";
import { keyOf, rangeOf } from "../keys.ts";
import { nodeSchema } from "../schema.ts";
import { decodePlace } from "./batchRecord.ts";
import { loadBatches } from "./loadBatches.ts";
import type { LogStore } from "./logStore.ts";

/** At most so many, the latest arrivals first. */
const MAX_RECEIPTS = 16;

/** Receipts of an envelope, of whatever nodes took it, the latest arrival first; none if it is not stored. */
export async function receiptsOf(params: { store: LogStore; hash: EnvelopeHash }): Promise<Receipt[]> {
  const { store, hash } = params;
  const range = rangeOf(nodeSchema.receipt, { envelope: hash });
  const options = { ...range, reverse: true, limit: MAX_RECEIPTS };
  const places = (await store.database.level.values(options).all()).map(decodePlace);
  const batches = await loadBatches(store.database, places);
  return places.flatMap(({ batchKey, index }) => batches.get(toHex(batchKey))?.receipts()[index] ?? []);
}

/** Whether each envelope is on this node's disk, in the order asked. */
export async function hasEnvelopes(params: {
  store: LogStore;
  hashes: readonly EnvelopeHash[];
}): Promise<boolean[]> {
  const { store, hashes } = params;
  return store.database.level.hasMany(
    hashes.map((hash) => keyOf(nodeSchema.body, { envelope: fromHex(hash) })),
  );
}

/** The shard of each stored envelope, by the log that took it in last; undefined for what is not stored. */
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
