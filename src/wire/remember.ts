/** Keeps a value of which at most `limit` are kept: the oldest goes. */
export function remember<Key, Value>(params: {
  known: Map<Key, Value>;
  key: Key;
  value: Value;
  limit: number;
}): void {
  const { known, key, value, limit } = params;
  const [oldest] = known.keys();
  if (known.size >= limit && oldest !== undefined) known.delete(oldest);
  known.set(key, value);
}
