import { steadyMs } from "../../clock/steadyMs.ts";
import { nextOperators } from "../../reconciler/witness/nextOperators.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { NodeId } from "../../wire/ids.ts";
import { noteUnshared } from "../nodes/nodeLinks.ts";
import { askOne } from "./askOne.ts";
import { PATIENCE_MS } from "./hearing.ts";
import { askable, nodeWitness, type Witnesses } from "./witnesses.ts";

/** How long a serving node may be the only one that has a block. */
export const MAX_ALONE_MS = 15_000;
/** How many operators are asked whether they have it, and how many have to answer. */
const MAX_ASKED = 5;
const LEAST_ANSWERS = 2;

/**
 * Leaves a serving node if at least two other operators answer, and most of them still lack a block that it named a
 * while ago. Nothing can be agreed on without that block, and what the node leaves out would show only when the block
 * is old enough to be contradicted. Where only one other operator answers, nobody can tell which of the two lags.
 * Throws only the signal's reason.
 */
export async function leaveIfAlone(params: {
  witnesses: Witnesses;
  serving: NodeId;
  head: BlockRef;
  signal: AbortSignal;
}): Promise<void> {
  const { witnesses, serving, head, signal } = params;
  const { links, finalityBlocks } = witnesses;
  const ranked = [...links.nodes.values()];
  const others = nextOperators({ ranked, besides: links.nodes.get(serving)?.operator });
  const asked = askable(witnesses, others)
    .slice(0, MAX_ASKED)
    .flatMap(({ node }) => nodeWitness(witnesses, node) ?? []);
  const claim = { head, facts: [] };
  const heard = await Promise.all(
    asked.map((witness) => askOne({ witness, claim, finalityBlocks, patienceMs: PATIENCE_MS, signal })),
  );
  const words = heard.map(({ word }) => word.kind).filter((kind) => kind !== "mute");
  const sharing = words.filter((kind) => kind === "same");
  if (words.length < LEAST_ANSWERS || sharing.length * 2 >= words.length) return;
  noteUnshared(links, serving, steadyMs());
  links.onChange();
}
