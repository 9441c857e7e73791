import { labeledHash } from "./bytes.ts";

/** Gives the bitmap of a node that serves every shard of a network: bit n is set for shard n. */
export function allShards({ shards }: { readonly shards: number }): bigint {
  return (1n << BigInt(shards)) - 1n;
}

/** Computes the shard that a topic of any kind, known or not, is in for ever: one of 0 to `shards` - 1. */
export function shardOfTopic(params: { topic: Uint8Array; shards: number }): number {
  const { topic, shards } = params;
  if (shards === 1) return 0;
  const { buffer, byteOffset } = labeledHash({ label: "weft.shard.v1", fields: [topic] });
  return Number(new DataView(buffer, byteOffset).getBigUint64(0) % BigInt(shards));
}

export function hasShard(params: { bitmap: bigint; shard: number }): boolean {
  return ((params.bitmap >> BigInt(params.shard)) & 1n) === 1n;
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
