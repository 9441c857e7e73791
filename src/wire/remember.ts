/** Keeps a value in a map of at most `limit` values: the oldest goes. */
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
