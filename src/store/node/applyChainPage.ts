import { WeftError } from "../../errors.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import { type NodeId, toHex } from "../../wire/ids.ts";
import { keyOf, rangeOf } from "../keys.ts";
import { nodeSchema } from "../schema.ts";
import { del, put, type Write, writeAtomic } from "../writeAtomic.ts";
import { changesOf } from "./chainChanges.ts";
import {
  type ChainIndex,
  type ChainIndexState,
  type CursorRecord,
  clearIndexRecords,
  cursorKey,
  loadNodes,
} from "./chainIndex.ts";
import { decodeUndo, encodeUndo, parseJson, writeJson } from "./chainIndexCodec.ts";
import type { IndexableRecord } from "./indexableRecord.ts";
import type { IndexedNode } from "./indexedRecords.ts";

/** A page of the chain, as the follower in src/chain yields it. */
export type ChainPage = {
  /** The last block that the page covers. */
  readonly to: BlockRef;
  /** Blocks up to this number are final: their undo records are dropped. */
  readonly finalBlock: number;
  readonly blocks: readonly BlockRef[];
  readonly records: readonly IndexableRecord[];
};

/**
 * Applies a page that follows the index's head: writes its records, their undo records and the cursor in one LevelDB
 * batch. Not synced: what a crash takes is read from the chain again. Throws `internal` for a page that does not
 * follow, and as writes do; the state is then unchanged.
 */
export async function applyChainPage(params: { index: ChainIndex; page: ChainPage }): Promise<void> {
  const { index, page } = params;
  const { database, state } = index;
  if (state.head !== undefined && page.to.number <= state.head.number && page.blocks.length > 0) {
    throw new WeftError({ code: "internal", message: `page to ${page.to.number} on ${state.head.number}` });
  }
  const floor = Math.max(state.floor, Math.min(page.finalBlock, page.to.number));
  const staged = new Map<string, Uint8Array | undefined>();
  const read = async (key: Uint8Array): Promise<Uint8Array | undefined> =>
    staged.has(toHex(key)) ? staged.get(toHex(key)) : await database.level.get(key);
  const writes: Write[] = [];
  for (const [step, record] of page.records.entries()) {
    for (const [part, { key, value }] of (await changesOf({ record, read })).entries()) {
      if (record.block.number > floor) {
        const undo = keyOf(nodeSchema.undo, {
          block: record.block.number,
          step: step * CHANGES_PER_RECORD + part,
        });
        writes.push(put(undo, encodeUndo({ key, former: await read(key) })));
      }
      writes.push(value === undefined ? del(key) : put(key, value));
      staged.set(toHex(key), value);
    }
  }
  const blocks = page.blocks.filter(({ number }) => number >= floor);
  const next = stateAfter({ state, page, floor, nodes: nodesAmong(staged) });
  await writeAtomic({
    database,
    writes: [
      ...writes,
      ...blocks.map((block) => put(keyOf(nodeSchema.block, { number: block.number }), writeJson(block))),
      ...(await dropFinal({ index, floor, before: state.floor })),
      putCursor(next),
    ],
    sync: false,
  });
  index.state = next;
}

/** A record changes at most so many keys; by this, the undo steps of a block keep their order. */
const CHANGES_PER_RECORD = 4;

/**
 * Rolls the index back to a block that it had, and undoes everything that blocks after it changed. For a block before
 * its floor, the index is emptied, to be read from the chain anew. Throws as writes do.
 */
export async function rollbackChain(params: { index: ChainIndex; to: BlockRef }): Promise<void> {
  const { index, to } = params;
  const { database, state } = index;
  if (state.head === undefined) return;
  if (to.number < state.floor) return await wipe(index);
  const later = { gt: keyOf(nodeSchema.undo, { block: to.number, step: 0xffff_ffff }) };
  const range = { ...later, lt: rangeOf(nodeSchema.undo, {}).lt, reverse: true };
  const undone = await database.level.iterator(range).all();
  const laterBlocks = {
    gt: keyOf(nodeSchema.block, { number: to.number }),
    lt: rangeOf(nodeSchema.block, {}).lt,
  };
  const blocks = await database.level.keys(laterBlocks).all();
  const next = { ...state, head: to };
  const writes = [
    ...undone.flatMap(([key, value]) => [decodeUndo(value), del(key)]),
    ...blocks.map(del),
    putCursor(next),
  ];
  await writeAtomic({ database, writes, sync: false });
  index.state = { ...next, nodes: await loadNodes(database) };
}

async function wipe(index: ChainIndex): Promise<void> {
  const { database, state } = index;
  const empty: ChainIndexState = { ...state, head: undefined, floor: 0, nodes: new Map() };
  await writeAtomic({ database, writes: [putCursor(empty)], sync: true });
  index.state = empty;
  await clearIndexRecords(database);
}

function stateAfter(params: {
  state: ChainIndexState;
  page: ChainPage;
  floor: number;
  nodes: readonly IndexedNode[];
}): ChainIndexState {
  const { state, page, floor, nodes } = params;
  const anchor = state.anchor !== undefined && state.anchor.number > page.to.number ? state.anchor : page.to;
  const changed = nodes.map((node): [NodeId, IndexedNode] => [node.node, node]);
  const known = changed.length === 0 ? state.nodes : new Map([...state.nodes, ...changed]);
  return { head: page.to, anchor, floor, nodes: known };
}

function nodesAmong(staged: ReadonlyMap<string, Uint8Array | undefined>): IndexedNode[] {
  const prefix = toHex(Uint8Array.of(nodeSchema.node.prefix));
  const values = [...staged].flatMap(([key, value]) => (key.startsWith(prefix) && value ? [value] : []));
  return values.map((value) => parseJson<IndexedNode>(value));
}

/** Undo records of final blocks are dropped in strides: to look for them costs more than to keep them for a while. */
const DROP_STRIDE_BLOCKS = 64;

async function dropFinal(params: { index: ChainIndex; floor: number; before: number }): Promise<Write[]> {
  const { index, floor: number, before } = params;
  const { level } = index.database;
  if (Math.floor(number / DROP_STRIDE_BLOCKS) === Math.floor(before / DROP_STRIDE_BLOCKS)) return [];
  const { gte: firstUndo } = rangeOf(nodeSchema.undo, {});
  const { gte: firstBlock } = rangeOf(nodeSchema.block, {});
  const undo = level.keys({
    gte: firstUndo,
    lte: keyOf(nodeSchema.undo, { block: number, step: 0xffff_ffff }),
  });
  const blocks = level.keys({ gte: firstBlock, lt: keyOf(nodeSchema.block, { number }) });
  return [...(await undo.all()), ...(await blocks.all())].map(del);
}

function putCursor({ head, anchor, floor }: CursorRecord): Write {
  return put(cursorKey, writeJson({ head, anchor, floor }));
}
