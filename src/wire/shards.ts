/** The bitmap of a node that serves every shard of a network: bit n is set for shard n. */
export function allShards({ shards }: { readonly shards: number }): bigint {
  return (1n << BigInt(shards)) - 1n;
}
