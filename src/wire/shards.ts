import { labeledHash } from "./bytes.ts";
import { MAX_SHARDS } from "./network.ts";
import { isHistory } from "./topic.ts";

/**
 * What nodes keep for days only is in logs of its own, so that it does not shorten how far back the other logs can be
 * fetched: those of shard n have the number n + HISTORY_SHARDS_FROM. Whoever serves the shard serves both.
 */
export const HISTORY_SHARDS_FROM = MAX_SHARDS;

/** Gives the bitmap of a node that serves every shard of a network: bit n is set for shard n. */
export function allShards({ shards }: { readonly shards: number }): bigint {
  return (1n << BigInt(shards)) - 1n;
}

/**
 * Computes the shard that a topic of any kind, known or not, is in for ever: one of 0 to `shards` - 1, or for a history
 * one of so many from HISTORY_SHARDS_FROM on.
 */
export function shardOfTopic(params: { topic: Uint8Array; shards: number }): number {
  const { topic, shards } = params;
  const from = isHistory(topic) ? HISTORY_SHARDS_FROM : 0;
  if (shards === 1) return from;
  const { buffer, byteOffset } = labeledHash({ label: "weft.shard.v1", fields: [topic] });
  return from + Number(new DataView(buffer, byteOffset).getBigUint64(0) % BigInt(shards));
}

/** True if a network of so many shards has logs of this one. */
export function isShard(params: { shard: number; shards: number }): boolean {
  const { shard, shards } = params;
  return shard < 2 * HISTORY_SHARDS_FROM && shard % HISTORY_SHARDS_FROM < shards;
}

/** True if a shard, or the one whose histories it is for, is in a bitmap. */
export function hasShard(params: { bitmap: bigint; shard: number }): boolean {
  return ((params.bitmap >> BigInt(params.shard % HISTORY_SHARDS_FROM)) & 1n) === 1n;
}

/** Lists the shards of which whoever serves those of a bitmap keeps logs, those of histories last. */
export function logShardsIn(bitmap: bigint): number[] {
  const shards = shardsIn(bitmap);
  return [...shards, ...shards.map((shard) => HISTORY_SHARDS_FROM + shard)];
}

/** Lists the shards of a bitmap, in rising order. */
export function shardsIn(bitmap: bigint): number[] {
  const shards: number[] = [];
  for (let shard = 0, rest = bitmap; rest > 0n; shard++, rest >>= 1n) if (rest & 1n) shards.push(shard);
  return shards;
}

export function bitmapOf(shards: Iterable<number>): bigint {
  let bitmap = 0n;
  for (const shard of shards) bitmap |= 1n << BigInt(shard);
  return bitmap;
}
