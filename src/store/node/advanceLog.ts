import { ascending } from "../../wire/bigintOrder.ts";
import type { Database } from "../openDatabase.ts";
import { batchesWithin } from "./heldBatches.ts";
import type { LogState } from "./logState.ts";
import type { HeldBatch } from "./logStore.ts";

/**
 * Moves a log's `next` on over all sequences that are held, whatever their branch: a fork must not stop the log. A
 * forked log's head is the smallest hash of the headers whose batches end at `next`, so that peers agree on it.
 */
export async function advanceLog(params: {
  database: Database;
  staged: readonly HeldBatch[];
  state: LogState;
}): Promise<LogState> {
  const { database, staged } = params;
  let state = params.state;
  const { log } = state;
  while (state.highest > state.next) {
    const { next, conflicted } = state;
    const low = conflicted ? 0n : next;
    const found = await batchesWithin({ database, staged, log, from: next, to: next + 1n, low });
    const best = found.sort((a, b) => ascending(a.end, b.end)).at(-1);
    if (best === undefined) break;
    state = follow(state, best);
  }
  if (!state.conflicted || state.next === 0n) return state;
  const { next } = state;
  const ends = await batchesWithin({ database, staged, log, from: next - 1n, to: next });
  const heads = ends.filter(({ end }) => end === next).map(({ headerHash }) => headerHash);
  return { ...state, headerHash: heads.sort()[0] };
}

/** Moves a log on over a batch that covers its `next`. A batch that names another predecessor shows a fork. */
export function follow(state: LogState, batch: HeldBatch): LogState {
  const { headerHash } = state;
  const betrays = batch.first === state.next && headerHash !== undefined && batch.previous !== headerHash;
  const conflicted = state.conflicted || betrays;
  return { ...state, next: batch.end, headerHash: batch.headerHash, conflicted };
}
