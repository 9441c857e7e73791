import type { IdentityStep } from "./identityStep.ts";
import type { Hex, InboxId } from "./ids.ts";

/** How far a reader knows an inbox's history: so many steps, which give this word (identityStep.ts). */
export type HistoryPosition = { readonly inbox: InboxId; readonly count: number; readonly word: Hex };

/** Steps of an inbox, as one node tells them. */
export type History = {
  /** The position's count if the node has the same steps up to there, else 0. */
  readonly from: number;
  /** From there on, as many as fit: at least one step of a page. */
  readonly steps: readonly IdentityStep[];
  /** The inbox has so many steps, and `word` is what all of them give; both are zero if the chain does not know it. */
  readonly count: number;
  readonly word: Hex;
};
