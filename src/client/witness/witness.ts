import type { NodeId } from "../../wire/ids.ts";
import type { WordsAnswer, WordsQuestion } from "../../wire/words.ts";

/** A node or an endpoint that can be asked what the contracts hold. */
export type Witness = {
  /** Undefined for an endpoint that the app named. */
  readonly node: NodeId | undefined;
  /** A node's id or an endpoint's address, for people. */
  readonly name: string;
  /** Throws WeftError. */
  readonly readWords: (question: WordsQuestion, call: { signal: AbortSignal }) => Promise<WordsAnswer>;
};
