/** The number of changes that are copied with each step before they are folded into a new base. */
const MAX_CHANGES = 256;

/** A base map that never changes, and the entries that were set since; nobody else writes to either. */
type Overlay<K, V> = ReadonlyMap<K, V> & {
  readonly base: ReadonlyMap<K, V>;
  readonly changes: ReadonlyMap<K, V>;
};

/**
 * Makes a new map with these entries set; the old map stays as it was, and both share what they have in common. So a
 * step costs as much as it changes, however large the map is. New keys come last; keys that were there keep their
 * place.
 */
export function withSet<K, V>(map: ReadonlyMap<K, V>, set: Iterable<readonly [K, V]>): ReadonlyMap<K, V> {
  const { base, changes } = isOverlay(map) ? map : { base: map, changes: new Map<K, V>() };
  const news = [...set];
  if (news.length === 0) return map;
  const next = new Map([...changes, ...news]);
  return next.size > MAX_CHANGES ? folded(base, next) : overlay(base, next);
}

function isOverlay<K, V>(map: ReadonlyMap<K, V>): map is Overlay<K, V> {
  return "changes" in map;
}

function folded<K, V>(base: ReadonlyMap<K, V>, changes: ReadonlyMap<K, V>): Map<K, V> {
  const all = new Map(base);
  for (const [key, value] of changes) all.set(key, value);
  return all;
}

function overlay<K, V>(base: ReadonlyMap<K, V>, changes: ReadonlyMap<K, V>): Overlay<K, V> {
  const added = [...changes.keys()].filter((key) => !base.has(key));
  function* entries(): MapIterator<[K, V]> {
    for (const [key, value] of base) {
      yield [key, changes.has(key) ? (changes.get(key) as V) : value];
    }
    for (const key of added) yield [key, changes.get(key) as V];
    return undefined;
  }
  function* keys(): MapIterator<K> {
    yield* base.keys();
    yield* added;
    return undefined;
  }
  function* values(): MapIterator<V> {
    for (const [, value] of entries()) yield value;
    return undefined;
  }
  const self: Overlay<K, V> = {
    ...{ base, changes, entries, keys, values },
    size: base.size + added.length,
    has: (key) => changes.has(key) || base.has(key),
    get: (key) => (changes.has(key) ? changes.get(key) : base.get(key)),
    forEach: (callback) => {
      for (const [key, value] of entries()) callback(value, key, self);
    },
    [Symbol.iterator]: entries,
  };
  return self;
}
