import type { BlockRef } from "../../wire/blockRef.ts";
import type { NodeId } from "../../wire/ids.ts";
import { keyOf, rangeOf } from "../keys.ts";
import type { Database } from "../openDatabase.ts";
import { nodeSchema } from "../schema.ts";
import { parseJson } from "./chainIndexCodec.ts";
import type { IndexedNode } from "./indexedRecords.ts";

/** What the contracts said up to a block. A database has one, which only the chain's follower writes. */
export type ChainIndex = {
  readonly database: Database;
  /** What is stored, as one immutable value that is replaced after each write. */
  state: ChainIndexState;
};

/** How far the index is, and the nodes that it knows. */
export type ChainIndexState = {
  /** The last block that the index has taken in; undefined before the first page. */
  readonly head: BlockRef | undefined;
  /** The block with the highest number that the index ever had: a rollback does not change it. */
  readonly anchor: BlockRef | undefined;
  /** The number of the earliest block to which the index can be rolled back. */
  readonly floor: number;
  readonly nodes: ReadonlyMap<NodeId, IndexedNode>;
};

/** The record `chainCursor`. */
export type CursorRecord = Omit<ChainIndexState, "nodes">;

const EMPTY: ChainIndexState = { head: undefined, anchor: undefined, floor: 0, nodes: new Map() };

/** The kinds of all records of the index but its cursor. */
export const indexRecords = [
  nodeSchema.block,
  nodeSchema.undo,
  nodeSchema.entry,
  nodeSchema.entryPayload,
  nodeSchema.entryByGroup,
  nodeSchema.child,
  nodeSchema.inbox,
  nodeSchema.inboxStep,
  nodeSchema.wallet,
  nodeSchema.node,
  nodeSchema.checkpoint,
  nodeSchema.lastCheckpoint,
] as const;

/** The key of the index's cursor. */
export const cursorKey = keyOf(nodeSchema.chainCursor, {});

/** Opens a database's index; completes a wipe that was interrupted. Throws as reads and writes do. */
export async function openChainIndex(params: { database: Database }): Promise<ChainIndex> {
  const { database } = params;
  const index: ChainIndex = { database, state: await readState(database) };
  database.onReopen.add(async () => {
    index.state = await readState(database);
  });
  return index;
}

async function readState(database: Database): Promise<ChainIndexState> {
  const bytes = await database.level.get(cursorKey);
  const cursor = bytes === undefined ? EMPTY : parseJson<CursorRecord>(bytes);
  if (cursor.head === undefined) await clearIndexRecords(database);
  return { ...EMPTY, ...cursor, nodes: await loadNodes(database) };
}

/** Lists the blocks that are stored, newest first: the cursor at which following goes on. */
export async function chainCursor(index: ChainIndex): Promise<BlockRef[]> {
  const { head } = index.state;
  if (head === undefined) return [];
  const range = { ...rangeOf(nodeSchema.block, {}), reverse: true };
  const values = await index.database.level.values(range).all();
  return values.map((value) => parseJson<BlockRef>(value));
}

/** Returns the block of a number; undefined if the index keeps none (too old, too new or without records). */
export async function blockAt(params: { index: ChainIndex; number: number }): Promise<BlockRef | undefined> {
  const { index, number } = params;
  const bytes = await index.database.level.get(keyOf(nodeSchema.block, { number }));
  return bytes === undefined ? undefined : parseJson<BlockRef>(bytes);
}

/** Removes all records of the index but its cursor. Not atomic: only to be called while the cursor names no head. */
export async function clearIndexRecords(database: Database): Promise<void> {
  for (const record of indexRecords) {
    const prefix = Uint8Array.of(record.prefix);
    await database.level.clear({ gte: prefix, lt: Uint8Array.of(record.prefix + 1) });
  }
}

/** Reads all nodes of the index, by their ids. */
export async function loadNodes(database: Database): Promise<Map<NodeId, IndexedNode>> {
  const values = await database.level.values(rangeOf(nodeSchema.node, {})).all();
  return new Map(values.map((value) => parseJson<IndexedNode>(value)).map((node) => [node.node, node]));
}
