import type { NodeStatus } from "../rpc/nodeApi.ts";
import { hasShard } from "../wire/shards.ts";
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

/** Envelopes of `wanted` that a node lacks in the shards that it serves. */
export function missingIn(params: { status: NodeStatus; wanted: Holdings }): bigint {
  const { status, wanted } = params;
  const held = holdingsOf(status);
  const isServed = (log: string) =>
    hasShard({ bitmap: status.shards, shard: Number(log.slice(log.lastIndexOf("/") + 1)) });
  const missing = [...wanted].map(([log, next]) => (isServed(log) ? next - (held.get(log) ?? 0n) : 0n));
  return missing.reduce((sum, count) => (count > 0n ? sum + count : sum), 0n);
}

/** One running node and what it says of itself; undefined if it does not answer. */
export type NodeReport = { readonly node: DevnetNode; readonly status: NodeStatus | undefined };
