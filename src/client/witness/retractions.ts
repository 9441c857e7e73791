import type { NodeId } from "../../wire/ids.ts";
import { subjectOf } from "./compareWords.ts";
import type { Claim } from "./fact.ts";
import type { Witnesses } from "./witnesses.ts";

/** Whichever block it is: a node that names blocks which are none names another one each time. */
const BLOCKS = "the block";

/** How often in a row the node has now taken back its word on this. */
export function countRetraction(params: {
  witnesses: Pick<Witnesses, "retractions">;
  serving: NodeId;
  claim: Claim;
  /** In words for people. */
  fact: string;
}): number {
  const { witnesses, serving, claim, fact } = params;
  const { retractions } = witnesses;
  const about = fact.startsWith(BLOCKS) ? BLOCKS : fact;
  const known = retractions.get(serving);
  const count = known?.about === about ? known.count + 1 : 1;
  retractions.set(serving, { about, block: claim.head.number, count });
  return count;
}

/** A witness has agreed to a claim: that ends the row if it is about the same, and no older. */
export function endRetractions(params: {
  witnesses: Pick<Witnesses, "retractions">;
  serving: NodeId;
  claim: Claim;
}): void {
  const { witnesses, serving, claim } = params;
  const known = witnesses.retractions.get(serving);
  if (!known || claim.head.number < known.block) return;
  const isSame = known.about === BLOCKS || claim.facts.some((fact) => subjectOf(fact) === known.about);
  if (isSame) witnesses.retractions.delete(serving);
}
