import type { BlockRef } from "../../wire/blockRef.ts";
import { asId, type EntryId } from "../../wire/ids.ts";
import type { DeadRun, HeadId } from "../records/records.ts";
import { compareEntries } from "./compareEntries.ts";

/** A place on the chain. */
export type Place = { readonly block: { readonly number: number }; readonly logIndex: number };

/** Dead entries that are counted and not kept, by parent, in the order of the chain. */
export type DeadRuns = ReadonlyMap<HeadId, readonly DeadRun[]>;

export const NO_DEAD: DeadRuns = new Map();

/**
 * Stands for the parent of dead entries whose parent is not kept either: nobody can tell how many such entries that
 * parent has.
 */
export const HANGING: HeadId = asId<EntryId>(new Uint8Array(32));

/**
 * Computes the runs of a parent with one more dead entry: one run for each block that a reorganization may still take,
 * and one for all blocks that are final. Pure.
 */
export function countDead(params: {
  runs: readonly DeadRun[];
  entry: { readonly block: BlockRef; readonly logIndex: number };
  parent: HeadId;
  finalityBlocks: number;
}): readonly DeadRun[] {
  const { runs, entry, parent, finalityBlocks } = params;
  const { block, logIndex } = entry;
  const last = runs.at(-1);
  if (last?.block.hash === block.hash) {
    return [...runs.slice(0, -1), { ...last, logIndex, count: last.count + 1 }];
  }
  const isFinal = (run: DeadRun) => run.block.number + finalityBlocks <= block.number;
  const next: DeadRun = { parent, block, logIndex, count: 1, since: block.number };
  return [...merged(runs.filter(isFinal)), ...runs.filter((run) => !isFinal(run)), next];
}

function merged(runs: readonly DeadRun[]): readonly DeadRun[] {
  const [first] = runs;
  const last = runs.at(-1);
  if (!first || !last) return [];
  return [{ ...last, since: first.since, count: runs.reduce((sum, { count }) => sum + count, 0) }];
}

export function countOf(runs: readonly DeadRun[] | undefined): number {
  return (runs ?? []).reduce((sum, { count }) => sum + count, 0);
}

/** True for an entry that was counted: this client has read it before, in this block of this chain. */
export function isCounted(params: { dead: DeadRuns; parent: HeadId; entry: Placed }): boolean {
  const { dead, parent, entry } = params;
  const runs = dead.get(parent) ?? [];
  return runs.some((run) => {
    const isSame = run.block.hash === entry.block.hash && entry.logIndex <= run.logIndex;
    return isSame || (run.since <= entry.block.number && entry.block.number < run.block.number);
  });
}

type Placed = { readonly block: BlockRef; readonly logIndex: number };

/**
 * Tells which runs have to go if the chain differs from the place `from` on, and the place from which the chain then
 * has to be read again. A run goes as a whole, and so does the block in which it ends. Pure.
 */
export function cutDead(params: { dead: DeadRuns; from: Place }): { cut: DeadRun[]; from: Place } {
  const all = [...params.dead.values()].flat();
  let { from } = params;
  for (;;) {
    const cut = all.filter((run) => compareEntries(run, from) >= 0);
    const since = Math.min(from.block.number, ...cut.map((run) => run.since));
    const start = { block: { number: since }, logIndex: 0 };
    if (cut.length === 0 || compareEntries(start, from) >= 0) return { cut, from };
    from = start;
  }
}
