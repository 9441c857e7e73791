import { concatBytes } from "../../crypto/concatBytes.ts";
import type { Batch } from "../../wire/batch.ts";
import {
  decodeProof,
  type EquivocationProof,
  encodeProof,
  proofOf,
  type SignedHeader,
} from "../../wire/equivocation.ts";
import { keyOf, rangeOf } from "../keys.ts";
import { nodeSchema } from "../schema.ts";
import { put, writeAtomic } from "../writeAtomic.ts";
import { decodeBatchRecord } from "./batchRecord.ts";
import { heldBatchOf, scan } from "./heldBatches.ts";
import type { Conflict } from "./listConflicts.ts";
import type { LogStore } from "./logStore.ts";

/** How many batches are searched for one that contradicts another. */
const MAX_SCANNED = 4_096;
const LONGEST = 1_024n;

/**
 * Finds a batch on this node's disk that contradicts a verified one, and makes the proof of both; undefined if none
 * does.
 */
export async function findProof(params: {
  store: LogStore;
  batch: Batch;
}): Promise<EquivocationProof | undefined> {
  const { store, batch } = params;
  const { log, first, end } = heldBatchOf(batch);
  const low = first > LONGEST ? first - LONGEST : 0n;
  const signed = { header: batch.headerBytes, signature: batch.signature };
  for await (const held of scan({ database: store.database, log, low, to: end, limit: MAX_SCANNED })) {
    const proof = held.end <= first ? undefined : proofOf(signed, signedHeaderOf(held.record));
    if (proof !== undefined) return proof;
  }
  return undefined;
}

/** Lists the proofs that this node keeps: one for each node that was proven to have equivocated. */
export async function listProofs(store: LogStore): Promise<EquivocationProof[]> {
  const values = await store.database.level.values(rangeOf(nodeSchema.proof, {})).all();
  return values.map(decodeProof);
}

/** Keeps a verified proof for ever, on disk when it resolves; false if there was one about the same node. */
export async function keepProof(params: { store: LogStore; proof: EquivocationProof }): Promise<boolean> {
  const { store, proof } = params;
  const { database } = store;
  const key = keyOf(nodeSchema.proof, { node: proof.node });
  if (await database.level.has(key)) return false;
  await writeAtomic({ database, writes: [put(key, encodeProof(proof))], sync: true });
  return true;
}

/** Makes the proof from two batches that were found to contradict each other; undefined if one of them was pruned. */
export async function proofOfConflict(params: {
  store: LogStore;
  conflict: Pick<Conflict, "log" | "headers">;
}): Promise<EquivocationProof | undefined> {
  const { store, conflict } = params;
  const { log, headers } = conflict;
  const found: SignedHeader[] = [];
  for await (const held of scan({ database: store.database, log, low: 0n, to: 2n ** 63n })) {
    if (headers.includes(held.headerHash)) found.push(signedHeaderOf(held.record));
    if (found.length === headers.length) break;
  }
  const [a, b] = found;
  return a && b && proofOf(a, b);
}

function signedHeaderOf(record: Uint8Array): SignedHeader {
  const { headerBytes, signature } = decodeBatchRecord(record);
  return { header: concatBytes(headerBytes), signature: concatBytes(signature) };
}
