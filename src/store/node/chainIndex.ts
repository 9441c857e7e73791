import type { BlockRef } from "../../wire/blockRef.ts";
import type { NodeId } from "../../wire/ids.ts";
import { keyOf, rangeOf } from "../keys.ts";
import type { Database } from "../openDatabase.ts";
import { nodeSchema } from "../schema.ts";
import { parseJson } from "./chainIndexCodec.ts";
import type { IndexedNode } from "./indexedRecords.ts";

/** What the contracts said up to a block. One per database; the one who follows the chain writes it. */
export type ChainIndex = {
  readonly database: Database;
  /** What is stored, as one value: replaced after each write. */
  state: ChainIndexState;
};

export type ChainIndexState = {
  /** Undefined before the first page. */
  readonly head: BlockRef | undefined;
  /** The highest block that the index ever had: a rollback does not lower its number. */
  readonly anchor: BlockRef | undefined;
  /** Rollbacks reach down to this block. */
  readonly floor: number;
  readonly nodes: ReadonlyMap<NodeId, IndexedNode>;
};

/** What is stored at `chainCursor`. */
export type CursorRecord = Omit<ChainIndexState, "nodes">;

const EMPTY: ChainIndexState = { head: undefined, anchor: undefined, floor: 0, nodes: new Map() };

/** All records of the index but its cursor. */
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

export const cursorKey = keyOf(nodeSchema.chainCursor, {});

/** Reads the index's state; one whose wiping was interrupted is wiped to the end. */
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

/** Blocks that are stored, newest first: where following goes on. */
export async function chainCursor(index: ChainIndex): Promise<BlockRef[]> {
  const { head } = index.state;
  if (head === undefined) return [];
  const range = { ...rangeOf(nodeSchema.block, {}), reverse: true };
  const values = await index.database.level.values(range).all();
  return values.map((value) => parseJson<BlockRef>(value));
}

/** The block of this number as the index has it; undefined if it keeps none (too old, too new or without records). */
export async function blockAt(params: { index: ChainIndex; number: number }): Promise<BlockRef | undefined> {
  const { index, number } = params;
  const bytes = await index.database.level.get(keyOf(nodeSchema.block, { number }));
  return bytes === undefined ? undefined : parseJson<BlockRef>(bytes);
}

/** Not atomic: only while the cursor says that nothing is stored. */
export async function clearIndexRecords(database: Database): Promise<void> {
  for (const record of indexRecords) {
    const prefix = Uint8Array.of(record.prefix);
    await database.level.clear({ gte: prefix, lt: Uint8Array.of(record.prefix + 1) });
  }
}

export async function loadNodes(database: Database): Promise<Map<NodeId, IndexedNode>> {
  const values = await database.level.values(rangeOf(nodeSchema.node, {})).all();
  return new Map(values.map((value) => parseJson<IndexedNode>(value)).map((node) => [node.node, node]));
}
