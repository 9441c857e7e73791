/** By how much a transaction has to be outbid for an RPC to take another in its place: some ask for 10 %, some for 12.5 %. */
const REPLACEMENT_PERCENT = 25n;

/** The least offer in wei that takes the place of another one: at least one wei more. */
export function leastBid(wei: bigint): bigint {
  return wei + (wei * REPLACEMENT_PERCENT) / 100n + 1n;
}
