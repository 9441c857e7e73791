/**
 * What each signal runs when it aborts. A signal has one listener for all, since it looks through its listeners for
 * each one that is added.
 */
const runs = new WeakMap<AbortSignal, Set<() => void>>();

/** Runs something once when the signal aborts, unless the function that this gives is called before. */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  const known = runs.get(signal);
  const all = known ?? new Set();
  if (!known) {
    runs.set(signal, all);
    const runAll = (): void => {
      for (const one of all) one();
      all.clear();
    };
    signal.addEventListener("abort", runAll, { once: true });
  }
  all.add(run);
  return () => void all.delete(run);
}
