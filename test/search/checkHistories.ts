import fc from "fast-check";
import { type History, type Kinds, someHistories } from "./history.ts";
import { type Ran, runHistory } from "./runHistory.ts";

/** How long a failing history is made smaller. */
const SHRINKING_MS = 60_000;

/** Plays some random histories. Gives the first one that fails, made smaller, with what went wrong. */
export async function checkHistories(params: {
  runs: number;
  /** Of their parts. */
  lengths: { minLength: number; maxLength: number };
  kinds: Kinds;
  seed?: number;
  onPlayed: (ran: Ran) => void;
}): Promise<{ readonly history: History; readonly error: unknown } | undefined> {
  const { runs: numRuns, lengths, kinds, seed, onPlayed } = params;
  let untilMs = Number.POSITIVE_INFINITY;
  // Not by fast-check's own limit: what it leaves behind would run on under the next one's clock.
  const property = fc.asyncProperty(someHistories(kinds, lengths), async (history) => {
    if (performance.now() > untilMs) return;
    try {
      onPlayed(await runHistory(history));
    } catch (error) {
      untilMs = Math.min(untilMs, performance.now() + SHRINKING_MS);
      throw error;
    }
  });
  const result = await fc.check(property, { numRuns, ...(seed === undefined ? {} : { seed }) });
  const [history] = result.counterexample ?? [];
  return history && { history, error: result.errorInstance };
}
