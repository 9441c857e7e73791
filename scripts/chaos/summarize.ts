import type { Played } from "./playTurn.ts";

/** One kind of fault, or all turns of two at once. */
export type Row = {
  readonly kind: string;
  readonly count: number;
  readonly failed: number;
  readonly next: Spread;
  readonly all: Spread;
  readonly order: Spread;
};

/** In milliseconds; undefined if it never came, even once. */
type Spread = { readonly p50: number | undefined; readonly worst: number | undefined };

const TWO = "two at once";

/** By kind of fault, in the order in which they were first played; last the turns of two, and all. */
export function summarize(played: readonly Played[]): Row[] {
  const byKind = Map.groupBy(played, ({ turn }): string =>
    turn.faults.length > 1 ? TWO : turn.faults[0].kind,
  );
  const kinds = [...byKind.keys()].filter((kind) => kind !== TWO).sort();
  const rows = [...kinds, ...(byKind.has(TWO) ? [TWO] : [])].map((kind) =>
    rowOf(kind, byKind.get(kind) ?? []),
  );
  return rows.length > 1 ? [...rows, rowOf("all", played)] : rows;
}

function rowOf(kind: string, played: readonly Played[]): Row {
  const recoveries = played.map(({ recovery }) => recovery);
  return {
    kind,
    count: played.length,
    failed: played.filter(({ failures }) => failures.length > 0).length,
    next: spreadOf(recoveries.map(({ nextMs }) => nextMs)),
    all: spreadOf(recoveries.map(({ allMs }) => allMs)),
    order: spreadOf(recoveries.map(({ orderMs }) => orderMs)),
  };
}

/** What never came is worse than all that came. */
function spreadOf(times: readonly (number | undefined)[]): Spread {
  const sorted = times.map((ms) => ms ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  const at = (index: number): number | undefined => {
    const ms = sorted[index];
    return ms === undefined || ms === Number.POSITIVE_INFINITY ? undefined : Math.round(ms);
  };
  return { p50: at(Math.floor((sorted.length - 1) / 2)), worst: at(sorted.length - 1) };
}
