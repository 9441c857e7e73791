import { subjectOf } from "../../reconciler/witness/compareWords.ts";
import type { Claim } from "../../reconciler/witness/fact.ts";
import type { NodeId } from "../../wire/ids.ts";
import type { Retraction, Witnesses } from "./witnesses.ts";

/**
 * Stands for the fact of a block, whichever it is: a node that names blocks which do not exist names another one each
 * time.
 */
const BLOCKS = "the block";

/** Counts that a node has taken back its word on a fact once more in a row. */
export function countRetraction(params: {
  witnesses: Pick<Witnesses, "retractions">;
  serving: NodeId;
  claim: Claim;
  /** The fact in words for people. */
  fact: string;
  /** True if the node did not answer when it was asked for its word. */
  isSilent: boolean;
}): Retraction {
  const { witnesses, serving, claim, fact, isSilent } = params;
  const { retractions } = witnesses;
  const about = fact.startsWith(BLOCKS) ? BLOCKS : fact;
  const known = retractions.get(serving);
  const inRow = known?.about === about ? known : { count: 0, wasSilent: false };
  const retraction = {
    ...{ about, block: claim.head.number, count: inRow.count + 1 },
    wasSilent: inRow.wasSilent || isSilent,
  };
  retractions.set(serving, retraction);
  return retraction;
}

/**
 * Notes that a witness has agreed to a claim: that ends the row if the claim is about the same fact, and of no earlier
 * block.
 */
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
