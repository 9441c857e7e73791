import { u32 } from "../../wire/bytes.ts";
import type { EntryFields } from "../../wire/chainEntry.ts";
import { asId, type GroupId } from "../../wire/ids.ts";
import { keyOf, parseKey, rangeOf } from "../keys.ts";
import type { Database } from "../openDatabase.ts";
import { nodeSchema } from "../schema.ts";
import { del, put, writeAtomic } from "../writeAtomic.ts";
import type { ChainIndex } from "./chainIndex.ts";
import { entryOf } from "./readEntries.ts";

const DAY_MS = 24 * 60 * 60_000;
/** How many payloads one write removes. */
const STEP_PAYLOADS = 256;

/**
 * Notes that a group's entries were read on this day, so that their payloads are kept; `nowMs` is the network's time.
 */
export async function noteRead(params: { database: Database; group: GroupId; nowMs: number }): Promise<void> {
  const { database, group, nowMs } = params;
  const write = put(keyOf(nodeSchema.groupRead, { group }), u32(Math.floor(nowMs / DAY_MS)));
  await writeAtomic({ database, writes: [write], sync: false });
}

/** Stores the payloads of entries whose payloads were dropped. The caller has checked that they are the right ones. */
export async function restorePayloads(params: {
  database: Database;
  entries: readonly (EntryFields & { readonly payload: Uint8Array })[];
}): Promise<void> {
  const { database, entries } = params;
  const writes = entries.map(({ group, id, payload }) =>
    put(keyOf(nodeSchema.entryPayload, { group, id }), payload),
  );
  await writeAtomic({ database, writes, sync: false });
}

/**
 * Drops the payloads of groups that have no new entry, and that nobody has read, since `before` (milliseconds since
 * 1970); the index keeps all else about their entries. Returns the number of groups.
 */
export async function dropPayloads(params: {
  index: ChainIndex;
  before: number;
  /** True if somebody reads the group now. */
  isRead: (group: GroupId) => boolean;
  signal: AbortSignal;
}): Promise<number> {
  const { index, before, isRead, signal } = params;
  const { level } = index.database;
  const { lt } = rangeOf(nodeSchema.entryPayload, {});
  let { gte } = rangeOf(nodeSchema.entryPayload, {});
  let dropped = 0;
  while (!signal.aborted) {
    const [key] = await level.keys({ gte, lt, limit: 1 }).all();
    if (key === undefined) break;
    const group = asId<GroupId>(parseKey(nodeSchema.entryPayload, key).group);
    gte = rangeOf(nodeSchema.entryPayload, { group }).lt;
    if ((await lastUsed({ index, group })) >= before || isRead(group)) continue;
    await dropGroup({ index, group });
    dropped++;
  }
  return dropped;
}

/** Returns when a group was last used, in milliseconds since 1970; infinite if its newest entry is not final. */
async function lastUsed({ index, group }: { index: ChainIndex; group: GroupId }): Promise<number> {
  const { level } = index.database;
  const newest = { ...rangeOf(nodeSchema.entryByGroup, { group }), reverse: true, limit: 1 };
  const [id] = await level.values(newest).all();
  const entry = id && (await entryOf({ index, group, id: asId(id) }));
  if (!entry || entry.block.number > index.state.floor) return Number.POSITIVE_INFINITY;
  const day = await level.get(keyOf(nodeSchema.groupRead, { group }));
  const days = day === undefined ? 0 : new DataView(day.buffer, day.byteOffset).getUint32(0) + 1;
  return Math.max(entry.block.time * 1000, days * DAY_MS);
}

async function dropGroup({ index, group }: { index: ChainIndex; group: GroupId }): Promise<void> {
  const { database } = index;
  const range = { ...rangeOf(nodeSchema.entryPayload, { group }), limit: STEP_PAYLOADS };
  for (;;) {
    const keys = await database.level.keys(range).all();
    await writeAtomic({ database, writes: keys.map(del), sync: false });
    if (keys.length < STEP_PAYLOADS) return;
  }
}
