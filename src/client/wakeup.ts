/** What a loop waits on. A wake that comes before the wait is not lost. */
export type Wakeup = {
  readonly wake: () => void;
  /** Resolves at the next wake, after `timeoutMs`, or when the signal aborts; never rejects. */
  readonly wait: (params: { signal: AbortSignal; timeoutMs?: number }) => Promise<void>;
};

export function createWakeup(): Wakeup {
  let woken = false;
  let waiting: (() => void) | undefined;
  return {
    wake: () => {
      woken = true;
      waiting?.();
    },
    wait: async ({ signal, timeoutMs }) => {
      if (!woken && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const timer = timeoutMs === undefined ? undefined : setTimeout(done, timeoutMs);
          signal.addEventListener("abort", done, { once: true });
          waiting = done;
          function done(): void {
            clearTimeout(timer);
            signal.removeEventListener("abort", done);
            waiting = undefined;
            resolve();
          }
        });
      }
      woken = false;
    },
  };
}
