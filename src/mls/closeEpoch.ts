import type { EpochKeys, GroupState } from "./groupState.ts";

/** What stays of an epoch that is over: enough to open its late application messages, and no more. */
export function closeEpoch(state: GroupState): EpochKeys {
  const { context, tree, ownLeafIndex, senderDataSecret, secretTree } = state;
  return { context, tree, ownLeafIndex, senderDataSecret, secretTree };
}
