import type { Chance } from "./backoff.ts";

/** Each Welcome adds so much to the time over which the Welcomes of one commit leave. */
const SPREAD_MS_PER_WELCOME = 25;
/** However many are invited, nobody waits for longer. */
export const MAX_WELCOME_SPREAD_MS = 1_000;

/**
 * Puts the envelopes of one Add into a random order and gives each the time at which it leaves, milliseconds since
 * 1970. So neither the order of the envelopes nor the moment at which they leave tells which of them belong together,
 * or who was named first. Pure.
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

/** Shuffles by Fisher and Yates: every order has the same chance. */
function shuffled<Item>(items: readonly Item[], chance: Chance): Item[] {
  const drawn: Item[] = [];
  const left = [...items];
  while (left.length > 0) drawn.push(...left.splice(Math.floor(chance() * left.length), 1));
  return drawn;
}
