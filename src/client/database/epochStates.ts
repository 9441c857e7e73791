import { concatBytes } from "../../crypto/concatBytes.ts";
import { WeftError } from "../../errors.ts";
import { decodeEpochKeys, decodeEpochNumber, decodeState } from "../../mls/decodeState.ts";
import { encodeEpochKeys, encodeState } from "../../mls/encodeState.ts";
import { encodeTree } from "../../mls/encodeTree.ts";
import type { EpochKeys, GroupState } from "../../mls/groupState.ts";
import { treeHashOf } from "../../mls/members.ts";
import type { HeadId } from "../../reconciler/records/records.ts";
import type { Database } from "../../store/openDatabase.ts";
import type { Write } from "../../store/writeAtomic.ts";
import { u64 } from "../../wire/bytes.ts";
import { type GroupId, type Hex, ID_BYTES, toHex } from "../../wire/ids.ts";
import { tables } from "./tables.ts";

/** An epoch as it is kept: whole while its end may be undone, later only what opens late messages. */
export type StoredEpoch =
  | { readonly kind: "open"; readonly state: GroupState }
  | { readonly kind: "closed"; readonly state: EpochKeys; readonly closedAtMs: number };

/** The last few epochs that were read; the others are in the database only. */
export type EpochCache = Map<HeadId, StoredEpoch>;

export type KeptEpoch = {
  readonly head: HeadId;
  readonly epoch: number;
  readonly tree: Hex;
  /** 0 while it is whole. */
  readonly closedAtMs: number;
};

type Place = { readonly database: Database; readonly group: GroupId; readonly cache: EpochCache };

const CACHED_EPOCHS = 12;
const STATE_AT = ID_BYTES + 8;

/** Reads an epoch; undefined if it is not stored. */
export async function readEpoch(params: Place & { head: HeadId }): Promise<StoredEpoch | undefined> {
  const { database, group, cache, head } = params;
  const cached = cache.get(head);
  if (cached) return cached;
  const value = await tables.epoch.get(database, { group, entry: head });
  const tree = value && (await tables.tree.get(database, { group, hash: value.slice(0, ID_BYTES) }));
  if (!value || !tree) return undefined;
  const bytes = value.slice(STATE_AT);
  const closedAtMs = closedAt(value);
  const epoch: StoredEpoch =
    closedAtMs === 0
      ? { kind: "open", state: decodeState({ bytes, tree }) }
      : { kind: "closed", state: decodeEpochKeys({ bytes, tree }), closedAtMs };
  remember(cache, head, epoch);
  return epoch;
}

/** Reads the state of an epoch; undefined if it is not stored or no longer whole. */
export async function readState(params: Place & { head: HeadId }): Promise<GroupState | undefined> {
  const epoch = await readEpoch(params);
  return epoch?.kind === "open" ? epoch.state : undefined;
}

/**
 * Reads the state of an epoch without which this client can't go on. Throws `storage` if it is not there or not whole.
 */
export async function requireState(params: Place & { head: HeadId }): Promise<GroupState> {
  const state = await readState(params);
  if (state) return state;
  throw new WeftError({ code: "storage", message: `the state of the head ${params.head} is missing` });
}

/** Builds the writes that store an epoch. `isNew`: its tree is not in the database yet. */
export function epochWrites(params: {
  group: GroupId;
  head: HeadId;
  epoch: StoredEpoch;
  isNew: boolean;
}): Write[] {
  const { group, head, epoch, isNew } = params;
  const hash = treeHashOf(epoch.state);
  const bytes = epoch.kind === "open" ? encodeState(epoch.state) : encodeEpochKeys(epoch.state);
  const closedAtMs = epoch.kind === "open" ? 0 : epoch.closedAtMs;
  return [
    tables.epoch.put({ group, entry: head }, concatBytes(hash, u64(closedAtMs), bytes)),
    ...(isNew ? [tables.tree.put({ group, hash }, encodeTree(epoch.state))] : []),
  ];
}

export function remember(cache: EpochCache, head: HeadId, epoch: StoredEpoch): void {
  cache.delete(head);
  cache.set(head, epoch);
  for (const oldest of cache.keys()) {
    if (cache.size <= CACHED_EPOCHS) break;
    cache.delete(oldest);
  }
}

export async function listEpochs(params: { database: Database; group: GroupId }): Promise<KeptEpoch[]> {
  const { database, group } = params;
  const epochs: KeptEpoch[] = [];
  for await (const { fields, value } of tables.epoch.rows(database, { under: { group } })) {
    const tree = toHex(value.subarray(0, ID_BYTES));
    const epoch = decodeEpochNumber(value.slice(STATE_AT));
    epochs.push({ head: toHex(fields.entry) as HeadId, epoch, tree, closedAtMs: closedAt(value) });
  }
  return epochs;
}

function closedAt(value: Uint8Array): number {
  return Number(new DataView(value.buffer, value.byteOffset).getBigUint64(ID_BYTES));
}
