/** One client's digests by epoch: of those that it was in from start to end, without those that have a gap. */
export type Digests = ReadonlyMap<number, string>;

/** The epochs for which two clients hold different digests; empty if all are equal. */
export function differingEpochs(clients: readonly Digests[]): number[] {
  const seen = new Map<number, Set<string>>();
  for (const [epoch, digest] of clients.flatMap((digests) => [...digests])) {
    seen.set(epoch, (seen.get(epoch) ?? new Set()).add(digest));
  }
  return [...seen].flatMap(([epoch, digests]) => (digests.size > 1 ? [epoch] : [])).sort((a, b) => a - b);
}
