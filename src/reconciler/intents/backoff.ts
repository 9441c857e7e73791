/** Gives random numbers from 0 to below 1. */
export type Chance = () => number;

export type Backoff = { readonly baseMs: number; readonly capMs: number };

/**
 * Draws a wait with exponential backoff and full jitter: at most base × 2^attempt, capped; `attempt` starts at 0.
 * Pure.
 */
export function backoffMs(params: Backoff & { attempt: number; chance: Chance }): number {
  const { baseMs, capMs, attempt, chance } = params;
  return Math.ceil(chance() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30)));
}
