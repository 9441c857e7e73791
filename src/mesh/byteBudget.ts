/**
 * Spends bytes from a key's budget, which lasts for a minute from the key's first spending. Returns false, and spends
 * nothing, if not enough is left. `now`: milliseconds by any one clock.
 */
export type ByteBudget = (params: { key: string; bytes: number; now: number }) => boolean;

/** A `ByteBudget` in two steps, for bytes that are spent from several budgets or from none. */
export type ByteMeters = {
  readonly fits: (params: { key: string; bytes: number; now: number }) => boolean;
  readonly spend: (params: { key: string; bytes: number; now: number }) => void;
};

const MINUTE_MS = 60_000;
/** Beyond so many keys, those are forgotten that have not spent for longest. */
const MAX_KEYS = 4096;

/** Opens a budget of `perMinute` bytes for each key. */
export function openByteBudget(params: { perMinute: number }): ByteBudget {
  const meters = openByteMeters(params);
  return (spending) => {
    if (!meters.fits(spending)) return false;
    meters.spend(spending);
    return true;
  };
}

/** Opens a budget of `perMinute` bytes for each key, to be asked and spent in two steps. */
export function openByteMeters(params: { perMinute: number; maxKeys?: number }): ByteMeters {
  const { perMinute, maxKeys = MAX_KEYS } = params;
  const spent = new Map<string, { since: number; bytes: number }>();
  const windowOf = (key: string, now: number) => {
    const known = spent.get(key);
    return known !== undefined && now - known.since < MINUTE_MS ? known : { since: now, bytes: 0 };
  };
  return {
    fits: ({ key, bytes, now }) => windowOf(key, now).bytes + bytes <= perMinute,
    spend: ({ key, bytes, now }) => {
      const { since, bytes: before } = windowOf(key, now);
      spent.delete(key);
      spent.set(key, { since, bytes: before + bytes });
      const [oldest] = spent.keys();
      if (spent.size > maxKeys && oldest !== undefined) spent.delete(oldest);
    },
  };
}
