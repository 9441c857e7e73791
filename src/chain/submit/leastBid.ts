/** By how much a transaction must outbid another to take its place; RPCs ask for 10 % or 12.5 %. */
const REPLACEMENT_PERCENT = 25n;

/** Returns the least offer, in wei, that takes the place of an offer of `wei`: at least one wei more. */
export function leastBid(wei: bigint): bigint {
  return wei + (wei * REPLACEMENT_PERCENT) / 100n + 1n;
}
