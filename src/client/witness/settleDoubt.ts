import type { Claim } from "../../reconciler/witness/fact.ts";
import type { Operated } from "../../reconciler/witness/nextOperators.ts";
import type { Testimony } from "../../reconciler/witness/testimony.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { NodeId } from "../../wire/ids.ts";
import { askOne, type Heard } from "./askOne.ts";
import type { Hearing } from "./hearing.ts";
import { settle } from "./settle.ts";
import type { Witness } from "./witness.ts";
import type { Witnesses } from "./witnesses.ts";

/** How long a witness has to tell of a doubted block, which delays the question that is asked after it. */
const DOUBT_PATIENCE_MS = 200;

/**
 * Remembers the earliest block of a serving node that a witness lacked, however far the witness's own chain was.
 * Without that, a node that always names a new block of a chain of its own, or one far ahead, would never be asked
 * about a block that is old enough to decide.
 */
export function noteDoubt(params: {
  witnesses: Witnesses;
  serving: NodeId;
  claim: Claim;
  heard: Heard;
}): void {
  const { witnesses, serving, claim, heard } = params;
  if (heard.word.kind !== "lacks" || heard.head === undefined) return;
  const known = witnesses.doubted.get(serving);
  if (!known || claim.head.number < known.number) witnesses.doubted.set(serving, claim.head);
}

/**
 * Asks about the doubted block of a serving node, if it has one: the doubt ends if a witness has the block by now, and
 * is settled like any contradiction once nothing can bring the block onto the witness's chain. Undefined: the doubt
 * decides nothing yet. Throws only the signal's reason.
 */
export async function settleDoubt(
  params: Hearing & { asked: readonly Witness[]; others: readonly Operated[] },
): Promise<Testimony | undefined> {
  const { witnesses, serving, asked, signal } = params;
  const { doubted, finalityBlocks } = witnesses;
  const head: BlockRef | undefined = doubted.get(serving);
  if (!head) return undefined;
  const claim: Claim = { head, facts: [] };
  for (const witness of asked) {
    const { word } = await askOne({ witness, claim, finalityBlocks, patienceMs: DOUBT_PATIENCE_MS, signal });
    if (word.kind === "mute") continue;
    if (word.kind === "lacks") return undefined;
    doubted.delete(serving);
    if (word.kind === "same") return undefined;
    const testimony = await settle({ ...params, claim, accuser: witness, difference: word });
    return testimony.kind === "contradicted" ? testimony : undefined;
  }
  return undefined;
}
