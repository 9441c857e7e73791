import type { GroupState, ListedItem } from "../../src/index.ts";

/** What a client shows of the group when all is over. */
export type View = {
  readonly name: string;
  readonly state: GroupState;
  readonly items: readonly ListedItem[];
  /** Messages whose verdict awaits its proof. */
  readonly pending: number;
};
