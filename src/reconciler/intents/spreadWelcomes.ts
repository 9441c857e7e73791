import type { Chance } from "./backoff.ts";

/** What one more Welcome adds to the time in which those of one commit leave. */
const SPREAD_MS_PER_WELCOME = 25;
/** Those who are invited by many need not wait for longer. */
export const MAX_WELCOME_SPREAD_MS = 1_000;

/**
 * Puts the envelopes of one Add into a random order and gives each the time at which it leaves, milliseconds since
 * 1970. So neither the order nor the moment of a batch tells which of them belong together, or who was named first.
 * Pure.
 */
export function spreadWelcomes<Item>(params: {
  items: readonly Item[];
  nowMs: number;
  chance: Chance;
}): { readonly item: Item; readonly dueAtMs: number }[] {
  const { items, nowMs, chance } = params;
  const windowMs = Math.min(MAX_WELCOME_SPREAD_MS, items.length * SPREAD_MS_PER_WELCOME);
  const times = items.map(() => nowMs + Math.floor(chance() * windowMs)).sort((a, b) => a - b);
  return shuffled(items, chance).map((item, i) => ({ item, dueAtMs: times[i] ?? nowMs }));
}

/** Fisher and Yates: every order is as likely as any other. */
function shuffled<Item>(items: readonly Item[], chance: Chance): Item[] {
  const drawn: Item[] = [];
  const left = [...items];
  while (left.length > 0) drawn.push(...left.splice(Math.floor(chance() * left.length), 1));
  return drawn;
}
