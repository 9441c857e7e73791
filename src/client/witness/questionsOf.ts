import { type Claim, type Fact, factsOf } from "../../reconciler/witness/fact.ts";
import { MAX_SLOW_WORDS_PER_CALL, MAX_WORDS_PER_CALL } from "../../rpc/limits.ts";
import type { WordsQuestion } from "../../wire/words.ts";

/** A part of a claim that one call asks for. */
export type Question = { readonly facts: readonly Fact[]; readonly question: WordsQuestion };

/** Splits a claim into the calls that look into it, at least one: the head is asked for in each. */
export function questionsOf({ head, facts }: Claim): Question[] {
  const parts: Fact[][] = [[]];
  let slow = 0;
  for (const fact of facts) {
    const isSlow = fact.kind === "checkpoint" || fact.kind === "block";
    const isFull = parts.at(-1)?.length === MAX_WORDS_PER_CALL;
    if (isFull || (isSlow && slow === MAX_SLOW_WORDS_PER_CALL)) {
      parts.push([]);
      slow = 0;
    }
    if (isSlow) slow++;
    parts.at(-1)?.push(fact);
  }
  return parts.map((some) => ({
    facts: some,
    question: {
      block: head.hash,
      entries: factsOf(some, "entry").map(({ group, id }) => ({ group, id })),
      inboxes: factsOf(some, "history").map(({ inbox }) => inbox),
      wallets: factsOf(some, "wallet").map(({ wallet }) => wallet),
      nodes: factsOf(some, "node").map(({ node }) => node),
      checkpoints: factsOf(some, "checkpoint").map(({ place }) => place),
      blocks: factsOf(some, "block").map(({ block }) => block.number),
    },
  }));
}
