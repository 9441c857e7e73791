import type { GroupId } from "../../wire/ids.ts";

/** What is read by way of one node. */
export type FeedPlan = {
  /** Chain and topic. */
  readonly groups: readonly GroupId[];
  /** The topic only, beside the node that serves the group. */
  readonly mirrored: readonly GroupId[];
  /** The bucket of this installation's Welcomes. */
  readonly own: boolean;
};
