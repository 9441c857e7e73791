import type { GroupId } from "../../wire/ids.ts";

/** What is read by way of one node. */
export type FeedPlan = {
  /** Groups of which the chain's entries and the topic are read. */
  readonly groups: readonly GroupId[];
  /** Groups of which only the topic is read, beside the node that serves them. */
  readonly mirrored: readonly GroupId[];
  /** True if the bucket of this installation's Welcomes is read. */
  readonly own: boolean;
};
