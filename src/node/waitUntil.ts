import { setTimeout as delay } from "node:timers/promises";
import { steadyMs } from "../clock/steadyMs.ts";

/** Resolves once the condition holds, after `ms`, or when the signal aborts; never rejects. */
export async function waitUntil(params: {
  condition: () => boolean;
  pollMs: number;
  ms: number;
  signal: AbortSignal;
}): Promise<void> {
  const { condition, pollMs, ms, signal } = params;
  const untilMs = steadyMs() + ms;
  while (!condition() && steadyMs() < untilMs && !signal.aborted) {
    await delay(pollMs, undefined, { signal }).catch(() => undefined);
  }
}
