import type { BlockRef } from "../../src/wire/blockRef.ts";
import type { History } from "../../src/wire/history.ts";
import { EMPTY_WORD, type IdentityStep, nextWord, signaturesOf } from "../../src/wire/identityStep.ts";
import type { Hex, InboxId } from "../../src/wire/ids.ts";
import type { Lies } from "./startLyingNode.ts";

/** What a node serves of an inbox instead of the steps that the chain has. */
type Change = (steps: readonly IdentityStep[], head: BlockRef) => readonly IdentityStep[];

/** A node that serves another history of one inbox, and gives its word to whoever asks for that. */
export function lyingHistories(params: { inbox: InboxId; change: Change }): Lies {
  const { inbox, change } = params;
  return (api) => {
    const changed = async () => {
      const whole = { inbox, count: 0, word: EMPTY_WORD };
      const { histories, head } = await api.getHistories({ inboxes: [whole] });
      const steps = histories[0] && head ? change(histories[0].steps, head) : [];
      return { steps, words: wordsOf(inbox, steps) };
    };
    return {
      getHistories: async (asked, call) => {
        const answer = await api.getHistories(asked, call);
        const { steps, words } = await changed();
        const word = words.at(-1) ?? EMPTY_WORD;
        const histories = answer.histories.map((served, i): History => {
          const position = asked.inboxes[i];
          if (position?.inbox !== inbox) return served;
          const { count } = position;
          const from = (count === 0 ? EMPTY_WORD : words[count - 1]) === position.word ? count : 0;
          return { from, steps: steps.slice(from), count: steps.length, word };
        });
        return { ...answer, histories };
      },
      readWords: async (question, call) => {
        const answer = await api.readWords(question, call);
        if (!answer.words) return answer;
        const { words } = await changed();
        const inboxes = answer.words.inboxes.map((word, i) =>
          question.inboxes[i] === inbox ? (words.at(-1) ?? EMPTY_WORD) : word,
        );
        return { ...answer, words: { ...answer.words, inboxes } };
      },
    };
  };
}

/** After each step. */
function wordsOf(inbox: InboxId, steps: readonly IdentityStep[]): Hex[] {
  let word: Hex = EMPTY_WORD;
  return steps.map((step) => {
    word = nextWord({ word, step, signatures: signaturesOf({ inbox, step }) });
    return word;
  });
}
