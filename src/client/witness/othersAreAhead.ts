import { nextOperators } from "../../reconciler/witness/nextOperators.ts";
import type { NodeId } from "../../wire/ids.ts";
import { apiOf } from "../nodes/nodeLinks.ts";
import { askable, type Witnesses } from "./witnesses.ts";

/** How many operators are asked how far they are. */
const MAX_ASKED = 5;
const ANSWER_MS = 1_500;

/**
 * True if more than half of the other operators that answer have read the chain as far as `block`: one of them alone
 * may have made that block up. True also if none answers: then the witness that told of it is all there is. Never
 * throws.
 */
export async function othersAreAhead(params: {
  witnesses: Witnesses;
  serving: NodeId;
  block: number;
  signal: AbortSignal;
}): Promise<boolean> {
  const { witnesses, serving, block } = params;
  const { links } = witnesses;
  const ranked = [...links.nodes.values()];
  const others = nextOperators({ ranked, besides: links.nodes.get(serving)?.operator });
  const signal = AbortSignal.any([params.signal, AbortSignal.timeout(ANSWER_MS)]);
  const asked = askable(witnesses, others).slice(0, MAX_ASKED);
  const told = await Promise.all(
    asked.map(({ node }) =>
      apiOf(links, node)
        ?.getNode({}, { signal })
        .then(
          ({ head }) => head?.number,
          () => undefined,
        ),
    ),
  );
  const heads = told.filter((head) => head !== undefined);
  return heads.length === 0 || heads.filter((head) => head >= block).length * 2 > heads.length;
}
