export type Backoff = { readonly baseMs: number; readonly capMs: number };

/** Exponential with full jitter: a random wait of at most base × 2^attempt, capped; `attempt` starts at 0. */
export function backoffMs(params: Backoff & { attempt: number }): number {
  const { baseMs, capMs, attempt } = params;
  return Math.ceil(Math.random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30)));
}
