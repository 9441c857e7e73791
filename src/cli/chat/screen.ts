/** Where a chat is shown and typed: a terminal, or pipes. */
export type Screen = Disposable & {
  /** What was typed, line by line; ends with the input, with Ctrl-C and when the screen is closed. */
  readonly lines: AsyncIterable<string>;
  /** Something that comes in while somebody types: it stands above what is being typed. */
  readonly print: (text: string, key?: string) => void;
  /** Shows other text in the place of what was printed under `key`; false if that is not possible any more. */
  readonly rewrite: (params: { key: string; text: string }) => boolean;
  readonly setPrompt: (prompt: string) => void;
  /** A terminal, where lines can be rewritten; in a pipe every change is a line of its own. */
  readonly isTerminal: boolean;
};

/** Completes the word before the cursor: the candidates, and the part of the line that they replace. */
export type Complete = (line: string) => [string[], string];
