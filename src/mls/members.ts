import type { EpochKeys, GroupState } from "./groupState.ts";
import { groupContextContent } from "./profile.ts";
import { filledLeaves } from "./tree/ratchetTree.ts";

/** Views of a group's state, or of the keys of a closed epoch. */

export type Member = {
  readonly leafIndex: number;
  readonly identity: Uint8Array;
  readonly signatureKey: Uint8Array;
};

/** Where a member's leaf comes from, and its exact bytes. */
export type LeafFacts = {
  readonly signatureKey: Uint8Array;
  /** True if the member has committed with a path since it was added. */
  readonly hasCommitted: boolean;
  readonly encoded: Uint8Array;
};

/** Lists the members' leaves, in the order of the tree. */
export function leafFacts(state: EpochKeys): LeafFacts[] {
  return filledLeaves(state.tree).map(({ leaf: { signatureKey, source, encoded } }) => ({
    ...{ signatureKey, encoded, hasCommitted: source.kind === "commit" },
  }));
}

/** Lists the members, in the order of the tree. */
export function members(state: EpochKeys): Member[] {
  return filledLeaves(state.tree).map(({ leafIndex, leaf: { identity, signatureKey } }) => ({
    ...{ leafIndex, identity, signatureKey },
  }));
}

export function groupIdOf(state: EpochKeys): Uint8Array {
  return state.context.groupId;
}

export function epochOf(state: EpochKeys): number {
  return state.context.epoch;
}

/** Gives the content of the group context's one extension. */
export function groupContextExtensionOf(state: EpochKeys): Uint8Array {
  return groupContextContent(state.context.extensions);
}

/** Gives the tree hash, 32 bytes: the key under which to keep what `encodeTree` gives. */
export function treeHashOf(state: EpochKeys): Uint8Array {
  return state.context.treeHash;
}

/**
 * Gives the epoch authenticator (RFC 9420, section 8.7), 32 bytes: equal for all who have the same view of the group.
 */
export function epochAuthenticatorOf(state: GroupState): Uint8Array {
  return state.epochAuthenticator;
}
