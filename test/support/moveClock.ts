const trueNow = Date.now;

/** This process's wall clock alone is off by so much, milliseconds; timers and the monotonic clock go on. */
export function moveClock(aheadMs: number): void {
  Date.now = () => trueNow() + aheadMs;
}

/** What it would show. */
export function trueMs(): number {
  return trueNow();
}

// For processes that begin with it: `node --import`.
if (process.env.CLOCK_AHEAD_MS !== undefined) moveClock(Number(process.env.CLOCK_AHEAD_MS));
