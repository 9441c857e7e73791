/** Spends from a budget of `perMinute` per key; a key's minute starts with its first spending. */
export type ByteBudget = (params: { key: string; bytes: number; now: number }) => boolean;

/** The same in two steps, for what is spent from several budgets or from none. */
export type ByteMeters = {
  readonly fits: (params: { key: string; bytes: number; now: number }) => boolean;
  readonly spend: (params: { key: string; bytes: number; now: number }) => void;
};

const MINUTE_MS = 60_000;
/** Keys beyond this are forgotten, the oldest first. */
const MAX_KEYS = 4096;

/** False, and nothing spent, where the budget does not suffice. */
export function openByteBudget(params: { perMinute: number }): ByteBudget {
  const meters = openByteMeters(params);
  return (spending) => {
    if (!meters.fits(spending)) return false;
    meters.spend(spending);
    return true;
  };
}

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
