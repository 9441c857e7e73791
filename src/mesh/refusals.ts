import { steadyMs } from "../clock/steadyMs.ts";
import type { MissingRange } from "../wire/heldLog.ts";
import type { Hex } from "../wire/ids.ts";
import { type LogId, logName } from "../wire/logRange.ts";

/** What this node refused for good, by log: ranges by their first sequence, batches by their header's hash. Mutable. */
export type Refusals = {
  readonly note: (params: { log: LogId; what: bigint | Hex; until: bigint }) => void;
  /** Returns the sequence at which the refused range ends; undefined if it may be asked for. */
  readonly until: (params: { log: LogId; what: bigint | Hex }) => bigint | undefined;
};

/** After so long, what was refused may be asked for again: the registry may have changed. */
const RETRY_MS = 60_000;
const MAX_REFUSED = 4096;

export function openRefusals(): Refusals {
  const known = new Map<string, { readonly until: bigint; readonly retryAt: number }>();
  const nameOf = ({ log, what }: { log: LogId; what: bigint | Hex }): string => `${logName(log)}/${what}`;
  return {
    note: ({ log, what, until }) => {
      const name = nameOf({ log, what });
      known.delete(name);
      known.set(name, { until, retryAt: steadyMs() + RETRY_MS });
      const [oldest] = known.keys();
      if (known.size > MAX_REFUSED && oldest !== undefined) known.delete(oldest);
    },
    until: (refused) => {
      const one = known.get(nameOf(refused));
      return one !== undefined && one.retryAt > steadyMs() ? one.until : undefined;
    },
  };
}

/** Cuts from the start of a missing range what this node refuses; none if nothing is left. */
export function unrefused(params: { refusals: Refusals; log: LogId; range: MissingRange }): MissingRange[] {
  const { refusals, log, range } = params;
  const behind = refusals.until({ log, what: range.from });
  if (behind === undefined) return [range];
  return range.until !== undefined && behind >= range.until ? [] : [{ from: behind, until: range.until }];
}
