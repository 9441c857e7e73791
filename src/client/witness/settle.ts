import { steadyMs } from "../../clock/steadyMs.ts";
import type { Difference } from "../../reconciler/witness/compareWords.ts";
import { decideBetween } from "../../reconciler/witness/decideBetween.ts";
import type { Operated } from "../../reconciler/witness/nextOperators.ts";
import type { Testimony, Word } from "../../reconciler/witness/testimony.ts";
import type { NodeId } from "../../wire/ids.ts";
import { noteWithholding } from "../nodes/nodeLinks.ts";
import { askOne } from "./askOne.ts";
import { type Hearing, PATIENCE_MS } from "./hearing.ts";
import { countRetraction, endRetractions } from "./retractions.ts";
import { tellLie } from "./tellLie.ts";
import type { Witness } from "./witness.ts";
import { askable, nodeWitness, type Witnesses } from "./witnesses.ts";

type Contradiction = Hearing & {
  /** Operators besides the serving node's, each by one node. */
  readonly others: readonly Operated[];
  readonly accuser: Witness;
  readonly difference: Difference;
};

/** How many operators are asked about a contradiction besides the two that contradict each other. */
const MORE_OPERATORS = 5;
/** A node that takes its word back so often in a row is left. */
const MAX_RETRACTIONS = 3;

/** Finds out who is wrong about a claim that one witness contradicts. */
export async function settle(params: Contradiction): Promise<Testimony> {
  const { witnesses, serving, accuser, difference } = params;
  const own = await ownWord(params);
  if (own.kind !== "same") return takeBack(params, own);
  if (accuser.node === undefined) return await byEndpoint(params);
  const heard = [
    { by: accuser, word: { kind: "other", ...difference } as Word },
    ...(await hearMore(params)),
  ];
  const decision = decideBetween(heard.map(({ word }) => word));
  const accusers = heard.flatMap(({ by, word }) =>
    word.kind === "other" ? [{ by: by.name, said: word.said }] : [],
  );
  const { fact, claimed, said } = difference;
  if (decision === "same") {
    endRetractions(params);
    const others = heard.filter(({ word }) => word.kind === "same");
    const agreeing = [serving, ...others.map(({ by }) => by.name)].map((by) => ({ by, said: claimed }));
    leave(witnesses, accuser.node);
    tellLie(witnesses, { node: accuser.node, fact, said, others: agreeing, isDecided: true });
    return { kind: "agreed" };
  }
  const isDecided = decision === "other";
  if (isDecided) leave(witnesses, serving);
  tellLie(witnesses, { node: serving, fact, said: claimed, others: accusers, isDecided });
  return isDecided ? { ...difference, kind: "contradicted", liar: serving } : { kind: "undecided" };
}

/**
 * Asks the serving node itself about its claim again. An honest node has taken it back if a reorganization came, or if
 * its answers were of two blocks; then there is no lie to be judged.
 */
async function ownWord(params: Contradiction): Promise<Word> {
  const { witnesses, serving, claim, signal } = params;
  const witness = nodeWitness(witnesses, serving);
  if (!witness) return { kind: "mute" };
  const { finalityBlocks } = witnesses;
  return (await askOne({ witness, claim, finalityBlocks, patienceMs: PATIENCE_MS, signal })).word;
}

/** Notes that a node has taken back its word: a node that does so again and again contradicts itself. */
function takeBack(params: Contradiction, own: Word): Testimony {
  const { witnesses, serving, accuser, difference } = params;
  const isSilent = own.kind === "mute";
  const { count, wasSilent } = countRetraction({ ...params, fact: difference.fact, isSilent });
  if (count < MAX_RETRACTIONS) return { kind: "not-yet" };
  witnesses.retractions.delete(serving);
  if (wasSilent) {
    // The node may be slow, and has not said otherwise three times: nobody calls it a liar, nor waits for it.
    leave(witnesses, serving);
    witnesses.links.onChange();
    return { kind: "undecided" };
  }
  const { fact, claimed, said } = difference;
  const others = [{ by: accuser.name, said }];
  if (own.kind === "other") others.push({ by: serving, said: own.said });
  leave(witnesses, serving);
  tellLie(witnesses, { node: serving, fact, said: claimed, others, isDecided: true });
  return { ...difference, kind: "contradicted", liar: serving };
}

/** Lets an endpoint decide alone, if it still is of this chain. */
async function byEndpoint(params: Contradiction): Promise<Testimony> {
  const { witnesses, serving, accuser, difference, signal } = params;
  const endpoint = witnesses.endpoints.find((one) => one === accuser);
  try {
    await endpoint?.check(signal);
  } catch {
    signal.throwIfAborted();
    return { kind: "not-yet" };
  }
  const { fact, claimed, said } = difference;
  leave(witnesses, serving);
  const others = [{ by: accuser.name, said }];
  tellLie(witnesses, { node: serving, fact, said: claimed, others, isDecided: true });
  return { ...difference, kind: "contradicted", liar: serving };
}

/**
 * Asks more operators, also those that were quiet: a contradiction between two nodes is decided by as many as there
 * are.
 */
async function hearMore(params: Contradiction): Promise<{ by: Witness; word: Word }[]> {
  const { witnesses, others, accuser, claim, signal } = params;
  const { finalityBlocks } = witnesses;
  const more = askable(witnesses, others, { withQuiet: true })
    .filter(({ node }) => node !== accuser.node)
    .slice(0, MORE_OPERATORS)
    .flatMap(({ node }) => nodeWitness(witnesses, node) ?? []);
  const patienceMs = PATIENCE_MS;
  return await Promise.all(
    more.map(async (witness) => ({
      by: witness,
      word: (await askOne({ witness, claim, finalityBlocks, patienceMs, signal })).word,
    })),
  );
}

function leave({ links }: Witnesses, node: NodeId): void {
  noteWithholding(links, node, steadyMs());
}
