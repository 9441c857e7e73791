import type { EpochKeys } from "./groupState.ts";

/** Keeps what is needed of an epoch that is over: enough to open its late application messages, and no more. */
export function closeEpoch(state: EpochKeys): EpochKeys {
  const { context, tree, ownLeafIndex, senderDataSecret, secretTree } = state;
  return { context, tree, ownLeafIndex, senderDataSecret, secretTree };
}

/** Keeps who was in the epoch, and no key of it. */
export function forgetMessageKeys(keys: EpochKeys): EpochKeys {
  const senderDataSecret = new Uint8Array(keys.senderDataSecret.length);
  return { ...keys, senderDataSecret, secretTree: { nodes: new Map(), ratchets: new Map() } };
}

export function hasMessageKeys({ secretTree }: EpochKeys): boolean {
  return secretTree.nodes.size + secretTree.ratchets.size > 0;
}
