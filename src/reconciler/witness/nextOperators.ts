import type { Address, NodeId } from "../../wire/ids.ts";

/** What is known of a node that may be a witness. */
export type Operated = { readonly node: NodeId; readonly operator: Address };

/**
 * Picks the first node of each operator from nodes in their order of rank, without the nodes of one given operator.
 * Pure.
 */
export function nextOperators<T extends Operated>(params: {
  ranked: readonly T[];
  /** The operator whose word is to be confirmed; undefined: no operator is left out. */
  besides: Address | undefined;
}): T[] {
  const seen = new Set<Address | undefined>([params.besides]);
  return params.ranked.filter(({ operator }) => {
    if (seen.has(operator)) return false;
    seen.add(operator);
    return true;
  });
}
