import type { Address, NodeId } from "../../wire/ids.ts";

/** What is known of a node that may be a witness. */
export type Operated = { readonly node: NodeId; readonly operator: Address };

/** Picks, of nodes in their order of rank, the first of each operator, without those of one operator. Pure. */
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
