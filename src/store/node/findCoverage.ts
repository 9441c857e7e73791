import type { BatchPlace } from "../../wire/batchPlace.ts";
import { ascending } from "../../wire/bigintOrder.ts";
import type { BatchCoverage, Checkpoint } from "../../wire/coverage.ts";
import type { Hex } from "../../wire/ids.ts";
import { BATCH_HEADER_BYTES } from "../../wire/limits.ts";
import { logName } from "../../wire/logRange.ts";
import type { ChainIndex } from "./chainIndex.ts";
import { scan } from "./heldBatches.ts";
import { floorOf } from "./logState.ts";
import { type HeldBatch, type LogStore, logStateOf } from "./logStore.ts";
import { checkpointsFrom } from "./readCheckpoints.ts";
import { headerEndingAt } from "./readLogRange.ts";

/** Which checkpoints cover the batches that were asked for, with the proof. */
export type CoveragePage = {
  /** The answers, in the order asked. */
  readonly batches: readonly BatchCoverage[];
  /** The headers that link batches to their checkpoints, both ends included. */
  readonly headers: readonly Uint8Array[];
  /** How many batches were read for the page. */
  readonly rows: number;
};

/** How many checkpoints are tried. An honest node's first one covers all before it; a forked log may need more. */
const MAX_CHECKPOINTS = 16;
/** After about so many batches read for one page, no other answer is begun. */
const MAX_ROWS = 8_192;

type Walked = HeldBatch & { readonly header: Uint8Array };
/**
 * The batches up to a checkpoint's, by header hash; `end` is the last one, `isWhole` is false if there were too many.
 */
type Walk = { readonly held: ReadonlyMap<Hex, Walked>; readonly end: Hex; readonly isWhole: boolean };
type Search = {
  readonly store: LogStore;
  readonly index: ChainIndex;
  readonly maxHeaders: number;
  /** By log and checkpoint, so that batches before the same checkpoint are read once. */
  readonly walks: Map<string, Promise<Walk>>;
  readonly headers: Map<Hex, Uint8Array>;
  rows: number;
};

/**
 * Finds the checkpoint that covers each batch, with the headers that prove it: the asker must not have to believe which
 * branch of a forked log has the checkpoint. A page holds at most `maxHeaders` headers.
 */
export async function findCoverage(params: {
  store: LogStore;
  index: ChainIndex;
  batches: readonly BatchPlace[];
  maxHeaders: number;
}): Promise<CoveragePage> {
  const search: Search = { ...params, walks: new Map(), headers: new Map(), rows: 0 };
  const found = new Map<BatchPlace, BatchCoverage>();
  // The earliest first, so that its walk serves those after it.
  for (const batch of params.batches.toSorted((a, b) => ascending(a.first, b.first))) {
    const isFull = search.rows >= MAX_ROWS;
    found.set(batch, isFull ? { kind: "unserved", reason: "later" } : await coverageOf(search, batch));
  }
  const batches = params.batches.map((batch) => found.get(batch) ?? ({ kind: "uncovered" } as const));
  return { batches, headers: [...search.headers.values()], rows: search.rows };
}

async function coverageOf(search: Search, batch: BatchPlace): Promise<BatchCoverage> {
  const { log, first: sequence } = batch;
  for (const checkpoint of await checkpointsFrom({ ...search, log, sequence, limit: MAX_CHECKPOINTS })) {
    const walk = await walkTo({ search, batch, checkpoint });
    const way = await wayBack({ search, batch, checkpoint, walk });
    if (way === "elsewhere") continue;
    if (way === "missing") return { kind: "unserved", reason: isPruned(search, batch) ? "pruned" : "absent" };
    if (!take(search, way)) return { kind: "unserved", reason: "later" };
    if (walk.isWhole) return { kind: "covered", checkpoint };
    const end = walk.held.get(walk.end)?.first ?? sequence;
    return { kind: "linked", to: { log, first: end, headerHash: walk.end } };
  }
  return { kind: "uncovered" };
}

/** Reads all batches from this one to the checkpoint's, or as many as a page takes. */
async function walkTo(params: { search: Search; batch: BatchPlace; checkpoint: Checkpoint }): Promise<Walk> {
  const { search, batch, checkpoint } = params;
  const name = `${logName(batch.log)}/${checkpoint.sequence}`;
  const walk = search.walks.get(name) ?? walkFrom(params);
  search.walks.set(name, walk);
  return await walk;
}

async function walkFrom(params: {
  search: Search;
  batch: BatchPlace;
  checkpoint: Checkpoint;
}): Promise<Walk> {
  const { search, batch, checkpoint } = params;
  const { store, maxHeaders } = search;
  const { log, first: low } = batch;
  const held = new Map<Hex, Walked>();
  let end = checkpoint.headerHash;
  const to = checkpoint.sequence + 1n;
  for await (const { record, ...one } of scan({ database: store.database, log, low, to })) {
    search.rows++;
    if (held.size === maxHeaders) return { held, end, isWhole: false };
    held.set(one.headerHash, { ...one, header: record.slice(0, BATCH_HEADER_BYTES) });
    end = one.headerHash;
  }
  return { held, end: checkpoint.headerHash, isWhole: true };
}

/**
 * Finds the way from the walk's end back to the batch. `elsewhere`: the way leads past the batch, on another branch.
 */
async function wayBack(params: {
  search: Search;
  batch: BatchPlace;
  checkpoint: Checkpoint;
  walk: Walk;
}): Promise<readonly Walked[] | "elsewhere" | "missing"> {
  const { search, batch, checkpoint, walk } = params;
  const way: Walked[] = [];
  let at = walk.held.get(walk.end);
  if (walk.isWhole && at !== undefined && at.end !== checkpoint.sequence + 1n) return "elsewhere";
  let hash = walk.end;
  let behind = checkpoint.sequence + 1n;
  while (at !== undefined && at.first >= batch.first) {
    way.push(at);
    if (hash === batch.headerHash) return way;
    hash = at.previous;
    behind = at.first;
    at = walk.held.get(hash);
  }
  if (!walk.isWhole) return "missing";
  const { store } = search;
  if (behind <= batch.first) return "elsewhere";
  const before = await headerEndingAt({ store, log: batch.log, end: behind, headerHash: hash });
  return before !== undefined && before.firstSequence < batch.first ? "elsewhere" : "missing";
}

/** Takes headers into the page; false, and nothing taken, if they do not fit. */
function take({ headers, maxHeaders }: Search, way: readonly Walked[]): boolean {
  const more = way.filter(({ headerHash }) => !headers.has(headerHash));
  if (headers.size > 0 && headers.size + more.length > maxHeaders) return false;
  for (const { headerHash, header } of more) headers.set(headerHash, header);
  return true;
}

function isPruned({ store }: Search, { log, first }: BatchPlace): boolean {
  return first < floorOf(logStateOf(store.state, log));
}
