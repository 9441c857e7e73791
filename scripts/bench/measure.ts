/** One line of the table. `theirs` is a published figure, from other hardware: an order of magnitude to look at. */
export type Row = {
  readonly subject: string;
  readonly what: string;
  readonly value: number;
  readonly unit: "ms" | "per second" | "bytes" | "times";
  readonly theirs?: string;
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
  return times.sort((a, b) => a - b)[Math.floor(params.runs / 2)] ?? Number.NaN;
}
