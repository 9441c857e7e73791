import { WeftError } from "../../errors.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { Entry, EntryCursor, EntryFields } from "../../wire/chainEntry.ts";
import { asId, type EntryId, type GroupId } from "../../wire/ids.ts";
import { keyOf, parseKey, rangeOf } from "../keys.ts";
import { nodeSchema } from "../schema.ts";
import type { ChainIndex } from "./chainIndex.ts";
import { decodeEntry } from "./chainIndexCodec.ts";

/** A page of a group's entries. */
export type EntriesPage = {
  /** The asker's cursor after which the page begins; undefined if it begins with the group's first entry. */
  readonly from: EntryCursor | undefined;
  /** The entries in chain order. */
  readonly entries: readonly Entry[];
  /** The next entries if their payloads were dropped; then `entries` is empty. */
  readonly dropped: readonly EntryFields[];
  readonly more: boolean;
};

const MAX_ENTRIES_PER_PAGE = 1024;
/** About how many bytes an entry's fields take. */
const ENTRY_BYTES = 256;
/** How many entries without payloads a page names. */
const MAX_DROPPED_PER_PAGE = 64;

type EntryName = { readonly index: ChainIndex; readonly group: GroupId; readonly id: EntryId | GroupId };

/** Returns an entry of the index without its payload; undefined if the index does not have it. */
export async function entryOf(params: EntryName): Promise<EntryFields | undefined> {
  return await storedEntry(params);
}

/** Reads an entry, without its payload unless an earlier version wrote it there. */
async function storedEntry({ index, group, id }: EntryName): Promise<Entry | undefined> {
  const bytes = await index.database.level.get(keyOf(nodeSchema.entry, { group, id }));
  return bytes === undefined ? undefined : decodeEntry(bytes);
}

async function payloadOf(params: { index: ChainIndex; entry: Entry }): Promise<Uint8Array | undefined> {
  const { group, id, payload } = params.entry;
  if (payload.length > 0) return payload;
  return await params.index.database.level.get(keyOf(nodeSchema.entryPayload, { group, id }));
}

/** Counts the children of an entry, or of the group id. */
export async function childCount(params: EntryName): Promise<number> {
  const { index, group, id } = params;
  const range = { ...rangeOf(nodeSchema.child, { group, parent: id }), reverse: true, limit: 1 };
  const [last] = await index.database.level.keys(range).all();
  return last === undefined ? 0 : parseKey(nodeSchema.child, last).index + 1;
}

/** Returns the block of the first child of an entry, or of the group id; undefined if it has none. */
export async function firstChildBlock(params: EntryName): Promise<number | undefined> {
  const { index, group, id: parent } = params;
  const first = await index.database.level.get(keyOf(nodeSchema.child, { group, parent, index: 0 }));
  const entry = first && (await entryOf({ index, group, id: asId<EntryId>(first) }));
  return entry?.block.number;
}

const MAX_READINGS = 16;

/**
 * Reads what `entriesOf` reads, with the head that the index had meanwhile: the page has all entries up to that block,
 * unless there is more, and none after it. Throws `not-ready` if the index moves on at each attempt.
 */
export async function entriesAtHead(
  params: Parameters<typeof entriesOf>[0],
): Promise<EntriesPage & { readonly head: BlockRef | undefined }> {
  const { index } = params;
  for (let i = 0; i < MAX_READINGS; i++) {
    const { head } = index.state;
    const page = await entriesOf(params);
    if (index.state.head?.hash !== head?.hash) continue;
    // Entries that are being written now are in blocks after the head, and come with the next page.
    const entries = page.entries.filter(({ block }) => block.number <= (head?.number ?? -1));
    return { ...page, entries, head };
  }
  throw new WeftError({ code: "not-ready", message: "the chain index moves faster than it can be read" });
}

/**
 * Reads a page of a group's entries after the first of the asker's cursors (newest first) that is still on the chain.
 */
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
    // The entry was rolled back after the iterator was opened: the next page tells what took its place.
    if (entry === undefined) break;
    const payload = await payloadOf({ index, entry });
    if (payload === undefined) {
      // Only payloads of final entries are ever dropped, so this entry was rolled back.
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
