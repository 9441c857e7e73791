import { WeftError } from "../../errors.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { Entry, EntryCursor, EntryFields } from "../../wire/chainEntry.ts";
import { asId, type EntryId, type GroupId } from "../../wire/ids.ts";
import { keyOf, parseKey, rangeOf } from "../keys.ts";
import { nodeSchema } from "../schema.ts";
import type { ChainIndex } from "./chainIndex.ts";
import { decodeEntry } from "./chainIndexCodec.ts";

export type EntriesPage = {
  /** The cursor that counted; undefined: from the beginning. */
  readonly from: EntryCursor | undefined;
  /** In chain order. */
  readonly entries: readonly Entry[];
  /** The next ones, where their payloads were dropped: then there are no entries. */
  readonly dropped: readonly EntryFields[];
  readonly more: boolean;
};

const MAX_ENTRIES_PER_PAGE = 1024;
/** Fields of an entry beside its payload, about. */
const ENTRY_BYTES = 256;
/** Dropped entries that one page names. */
const MAX_DROPPED_PER_PAGE = 64;

type EntryName = { readonly index: ChainIndex; readonly group: GroupId; readonly id: EntryId | GroupId };

export async function entryOf(params: EntryName): Promise<EntryFields | undefined> {
  return await storedEntry(params);
}

/** Without its payload, unless an earlier version wrote it there. */
async function storedEntry({ index, group, id }: EntryName): Promise<Entry | undefined> {
  const bytes = await index.database.level.get(keyOf(nodeSchema.entry, { group, id }));
  return bytes === undefined ? undefined : decodeEntry(bytes);
}

async function payloadOf(params: { index: ChainIndex; entry: Entry }): Promise<Uint8Array | undefined> {
  const { group, id, payload } = params.entry;
  if (payload.length > 0) return payload;
  return await params.index.database.level.get(keyOf(nodeSchema.entryPayload, { group, id }));
}

/** How many entries build on one, or on the root (`id` = group). */
export async function childCount(params: EntryName): Promise<number> {
  const { index, group, id } = params;
  const range = { ...rangeOf(nodeSchema.child, { group, parent: id }), reverse: true, limit: 1 };
  const [last] = await index.database.level.keys(range).all();
  return last === undefined ? 0 : parseKey(nodeSchema.child, last).index + 1;
}

/** The block of the first entry that builds on one, or on the root (`id` = group). */
export async function firstChildBlock(params: EntryName): Promise<number | undefined> {
  const { index, group, id: parent } = params;
  const first = await index.database.level.get(keyOf(nodeSchema.child, { group, parent, index: 0 }));
  const entry = first && (await entryOf({ index, group, id: asId<EntryId>(first) }));
  return entry?.block.number;
}

const MAX_READINGS = 16;

/**
 * What `entriesOf` gives, with the head that the index had meanwhile: all entries up to it, unless there is more, and
 * none after it. Throws `not-ready` if the index does not stand still for as long as the page is read.
 */
export async function entriesAtHead(
  params: Parameters<typeof entriesOf>[0],
): Promise<EntriesPage & { readonly head: BlockRef | undefined }> {
  const { index } = params;
  for (let i = 0; i < MAX_READINGS; i++) {
    const { head } = index.state;
    const page = await entriesOf(params);
    if (index.state.head?.hash !== head?.hash) continue;
    // What is being written while it is read comes after the head, and with the next page.
    const entries = page.entries.filter(({ block }) => block.number <= (head?.number ?? -1));
    return { ...page, entries, head };
  }
  throw new WeftError({ code: "not-ready", message: "the chain index moves faster than it can be read" });
}

/** Entries of a group after the newest of some cursors (newest first) that is still on the chain. */
export async function entriesOf(params: {
  index: ChainIndex;
  group: GroupId;
  recent: readonly EntryCursor[];
  maxBytes: number;
}): Promise<EntriesPage> {
  const { index, group, recent, maxBytes } = params;
  const { level } = index.database;
  const from = await firstOnChain({ index, group, recent });
  const { gte, lt } = rangeOf(nodeSchema.entryByGroup, { group });
  const start = from && keyOf(nodeSchema.entryByGroup, { group, block: from.block, logIndex: from.logIndex });
  const entries: Entry[] = [];
  const dropped: EntryFields[] = [];
  let bytes = 0;
  const limit = MAX_ENTRIES_PER_PAGE + 1;
  for await (const id of level.values({ ...(start === undefined ? { gte } : { gt: start }), lt, limit })) {
    const entry = await storedEntry({ index, group, id: asId<EntryId>(id) });
    // Rolled back since the iterator was opened: the next page tells what took its place.
    if (entry === undefined) break;
    const payload = await payloadOf({ index, entry });
    if (payload === undefined) {
      // Only what is final is ever dropped: this one was rolled back.
      if (entry.block.number > index.state.floor) break;
      if (entries.length > 0) return { from, entries, dropped, more: true };
      dropped.push(entry);
      if (dropped.length === MAX_DROPPED_PER_PAGE) break;
      continue;
    }
    if (dropped.length > 0) break;
    bytes += ENTRY_BYTES + payload.length;
    const full = bytes > maxBytes || entries.length === MAX_ENTRIES_PER_PAGE;
    if (full && entries.length > 0) return { from, entries, dropped, more: true };
    entries.push({ ...entry, payload });
  }
  return { from, entries, dropped, more: dropped.length > 0 };
}

async function firstOnChain(params: {
  index: ChainIndex;
  group: GroupId;
  recent: readonly EntryCursor[];
}): Promise<EntryCursor | undefined> {
  const { index, group, recent } = params;
  for (const cursor of recent) {
    const { block, logIndex, blockHash } = cursor;
    const id = await index.database.level.get(keyOf(nodeSchema.entryByGroup, { group, block, logIndex }));
    const entry = id && (await entryOf({ index, group, id: asId<EntryId>(id) }));
    if (entry?.block.hash === blockHash) return cursor;
  }
  return undefined;
}
