import type { BatchEnd, Branches } from "../../wire/heldLog.ts";
import type { Hex } from "../../wire/ids.ts";
import type { LogId } from "../../wire/logRange.ts";
import { scan } from "./heldBatches.ts";
import { floorOf } from "./logState.ts";
import { type LogStore, logStateOf } from "./logStore.ts";

/** How many of a forked log's last batches are looked at, and how many tips, or lacking batches, are told. */
const MAX_SCANNED = 10_000;
const MAX_ENDS = 16;
const NONE: Branches = { tips: [], lacking: [] };

/** Finds the branches of a forked log; none for a log without a fork. */
export async function branchesOf(params: { store: LogStore; log: LogId }): Promise<Branches> {
  const { store, log } = params;
  const state = logStateOf(store.state, log);
  if (!state.conflicted) return NONE;
  const known = store.branches.get(state);
  if (known !== undefined) return known;
  const floor = floorOf(state);
  const ends = new Map<Hex, bigint>();
  const named = new Map<Hex, bigint>();
  const range = { low: floor, to: state.highest, reverse: true, limit: MAX_SCANNED };
  for await (const held of scan({ database: store.database, log, ...range })) {
    ends.set(held.headerHash, held.end);
    if (held.first > floor && held.first <= state.next) named.set(held.previous, held.first);
  }
  const without = (all: ReadonlyMap<Hex, bigint>, others: ReadonlyMap<Hex, bigint>): BatchEnd[] =>
    [...all]
      .filter(([headerHash]) => !others.has(headerHash))
      .map(([headerHash, end]) => ({ end, headerHash }))
      .slice(0, MAX_ENDS);
  const branches = { tips: without(ends, named), lacking: without(named, ends) };
  store.branches.set(state, branches);
  return branches;
}
