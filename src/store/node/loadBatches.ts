import type { Batch } from "../../wire/batch.ts";
import { decodeBatchHeader } from "../../wire/batchHeader.ts";
import { toHex } from "../../wire/ids.ts";
import { type Receipt, receiptsFrom } from "../../wire/receipt.ts";
import { keyOf } from "../keys.ts";
import type { Database } from "../openDatabase.ts";
import { nodeSchema } from "../schema.ts";
import { type BatchRecord, decodeBatchRecord, decodeBody, type Place } from "./batchRecord.ts";

/** Batches by the hex of their keys; the receipts of their envelopes are computed when first asked for. */
export type LoadedBatches = ReadonlyMap<
  string,
  { readonly record: BatchRecord; readonly receipts: () => Receipt[] }
>;

/** Loads the batches of all `places`, each once. Batches that were pruned meanwhile are left out. */
export async function loadBatches(database: Database, places: readonly Place[]): Promise<LoadedBatches> {
  const keys = new Map(places.map(({ batchKey }) => [toHex(batchKey), batchKey]));
  const values = await database.level.getMany([...keys.values()]);
  const names = [...keys.keys()];
  const loaded = new Map<string, { record: BatchRecord; receipts: () => Receipt[] }>();
  values.forEach((value, i) => {
    if (value === undefined) return;
    const record = decodeBatchRecord(value);
    loaded.set(names[i] ?? "", { record, receipts: lazily(() => receiptsOfRecord(record)) });
  });
  return loaded;
}

/** Loads the bodies of a batch and returns the batch; undefined if a body was pruned. */
export async function loadWhole(database: Database, record: BatchRecord): Promise<Batch | undefined> {
  const keys = record.envelopes.map(({ hash }) => keyOf(nodeSchema.body, { envelope: hash }));
  const bodies = await database.level.getMany(keys);
  const envelopes = bodies.flatMap((body) => (body === undefined ? [] : [decodeBody(body)]));
  if (envelopes.length !== keys.length) return undefined;
  const { headerBytes, signature } = record;
  return { header: decodeBatchHeader(headerBytes), headerBytes, signature, envelopes };
}

function receiptsOfRecord({ headerBytes, signature, envelopes }: BatchRecord): Receipt[] {
  return receiptsFrom({ headerBytes, signature, hashes: envelopes.map(({ hash }) => hash) });
}

function lazily<T>(compute: () => T): () => T {
  let value: { computed: T } | undefined;
  return () => {
    value ??= { computed: compute() };
    return value.computed;
  };
}
