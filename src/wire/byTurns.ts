import type { NodeId } from "./ids.ts";
import type { LogId } from "./logRange.ts";

/**
 * Orders what belongs to logs: one of each node, of its newest generation, then the next of each. So where there is
 * room for some only, a node that opened thousands of generations hides no other node's.
 */
export function byTurns<T>(items: readonly T[], logOf: (item: T) => LogId): T[] {
  const places = new Map<NodeId, number>();
  return items
    .map((item) => ({ item, log: logOf(item) }))
    .sort((a, b) => newestFirst(a.log.generation, b.log.generation))
    .map(({ item, log: { node } }) => {
      const place = places.get(node) ?? 0;
      places.set(node, place + 1);
      return { item, place };
    })
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

function newestFirst(a: bigint, b: bigint): number {
  return a === b ? 0 : a > b ? -1 : 1;
}
