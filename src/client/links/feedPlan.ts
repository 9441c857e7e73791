import type { GroupId } from "../../wire/ids.ts";

/** What is read by way of one node. */
export type FeedPlan = { readonly groups: readonly GroupId[]; readonly own: boolean };
