/** One line of the table. `beside` says what it is made of, or a published figure: from other hardware, an order of magnitude. */
export type Row = {
  readonly subject: string;
  readonly what: string;
  readonly value: number;
  readonly unit: "ms" | "per second" | "bytes" | "MB" | "times" | "%" | "million gas" | "coin" | "s";
  readonly beside?: string;
};

/** Milliseconds that `act` took. */
export async function timed(act: () => unknown): Promise<number> {
  const started = performance.now();
  await act();
  return performance.now() - started;
}

/** The middle of an odd number of runs. */
export async function median(params: { runs: number; act: () => unknown }): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < params.runs; i++) times.push(await timed(params.act));
  return middleOf(times);
}

/** The median of an odd number of values. */
export function middleOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
