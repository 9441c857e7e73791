import type { Operated } from "../../client/witness/witness.ts";
import type { Address } from "../../wire/ids.ts";

/** Of nodes in their order of rank the first of each operator, without those of one operator. Pure. */
export function nextOperators<T extends Operated>(params: {
  ranked: readonly T[];
  /** Whose word is to be confirmed; undefined: nobody's. */
  besides: Address | undefined;
}): T[] {
  const seen = new Set<Address | undefined>([params.besides]);
  return params.ranked.filter(({ operator }) => {
    if (seen.has(operator)) return false;
    seen.add(operator);
    return true;
  });
}
