export function maximum(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

export function minimum(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

/** Orders numbers ascending, for `sort`. */
export function ascending(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
