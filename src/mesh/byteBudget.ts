/** Spends from a budget of `perMinute` per key; a key's minute starts with its first spending. */
export type ByteBudget = (params: { key: string; bytes: number; now: number }) => boolean;

const MINUTE_MS = 60_000;
/** Keys beyond this are forgotten, the oldest first. */
const MAX_KEYS = 4096;

/** False, and nothing spent, where the budget does not suffice. */
export function openByteBudget(params: { perMinute: number }): ByteBudget {
  const spent = new Map<string, { since: number; bytes: number }>();
  return ({ key, bytes, now }) => {
    const known = spent.get(key);
    const window = known !== undefined && now - known.since < MINUTE_MS ? known : { since: now, bytes: 0 };
    if (window.bytes + bytes > params.perMinute) return false;
    spent.delete(key);
    spent.set(key, { since: window.since, bytes: window.bytes + bytes });
    const [oldest] = spent.keys();
    if (spent.size > MAX_KEYS && oldest !== undefined) spent.delete(oldest);
    return true;
  };
}
