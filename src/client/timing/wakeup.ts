import { onAbort } from "../../clock/onAbort.ts";

/** What loops wait for. A wake that comes before the wait is not lost, and one wake ends all waits. */
export type Wakeup = {
  readonly wake: () => void;
  /** Resolves at the next wake, after `timeoutMs`, or when the signal aborts; never rejects. */
  readonly wait: (params: { signal: AbortSignal; timeoutMs?: number }) => Promise<void>;
};

/** Timers take no more than 2^31 - 1 ms; a longer one would fire at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export function createWakeup(): Wakeup {
  let woken = false;
  const waiting = new Set<() => void>();
  return {
    wake: () => {
      woken = true;
      for (const end of waiting) end();
    },
    wait: async ({ signal, timeoutMs }) => {
      // A wait that is over before it began leaves the wake to whoever waits in its place.
      if (signal.aborted) return;
      if (!woken) await new Promise<void>((resolve) => waitFor({ waiting, resolve, signal, timeoutMs }));
      if (!signal.aborted) woken = false;
    },
  };
}

function waitFor(params: {
  waiting: Set<() => void>;
  resolve: () => void;
  signal: AbortSignal;
  timeoutMs: number | undefined;
}): void {
  const { waiting, resolve, signal, timeoutMs } = params;
  const timer = timeoutMs === undefined ? undefined : setTimeout(end, Math.min(timeoutMs, MAX_TIMEOUT_MS));
  const forget = onAbort(signal, end);
  waiting.add(end);
  function end(): void {
    clearTimeout(timer);
    forget();
    waiting.delete(end);
    resolve();
  }
}
