import type { NodeStatus } from "../rpc/nodeApi.ts";
import type { DevnetNode } from "./devnetNode.ts";

/** How far a node holds each log: next sequence by log. */
export type Holdings = ReadonlyMap<string, bigint>;

export function holdingsOf(status: NodeStatus): Holdings {
  return new Map(
    status.logs.map(({ log, next }) => [`${log.node}/${log.generation}/${log.shard}`, next] as const),
  );
}

/** What any of them holds. */
export function unionOf(holdings: readonly Holdings[]): Holdings {
  const union = new Map<string, bigint>();
  for (const [log, next] of holdings.flatMap((one) => [...one])) {
    if (next > (union.get(log) ?? 0n)) union.set(log, next);
  }
  return union;
}

/** Envelopes of `wanted` that are missing in `held`. */
export function missingIn(params: { held: Holdings; wanted: Holdings }): bigint {
  const missing = [...params.wanted].map(([log, next]) => next - (params.held.get(log) ?? 0n));
  return missing.reduce((sum, count) => (count > 0n ? sum + count : sum), 0n);
}

/** One running node and what it says of itself; undefined if it does not answer. */
export type NodeReport = { readonly node: DevnetNode; readonly status: NodeStatus | undefined };
