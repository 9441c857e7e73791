import type { BlockRef } from "../../wire/blockRef.ts";
import type { WordsAnswer } from "../../wire/words.ts";
import { compareWords } from "./compareWords.ts";
import type { Fact } from "./fact.ts";
import type { Word } from "./testimony.ts";

/**
 * Tells what a witness's answer says of a claim. If the witness lacks the block, that says something only if its own
 * chain is so much longer that no reorganization can bring the block back; otherwise the witness lags, or follows a
 * reorganization. Pure.
 */
export function wordOf(params: {
  head: BlockRef;
  facts: readonly Fact[];
  answer: WordsAnswer;
  finalityBlocks: number;
}): Word {
  const { head, facts, answer, finalityBlocks } = params;
  if (answer.words) {
    const difference = compareWords({ head, facts, words: answer.words });
    return difference === undefined ? { kind: "same" } : { kind: "other", ...difference };
  }
  const own = answer.head?.number ?? 0;
  if (own < head.number + finalityBlocks) return { kind: "lacks" };
  return {
    kind: "other",
    fact: `the block ${head.number}`,
    claimed: head.hash,
    said: `not on its chain, which is at block ${own}`,
  };
}
