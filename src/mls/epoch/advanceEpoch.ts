import { zero } from "../../crypto/zero.ts";
import type { Extension } from "../codec/extension.ts";
import { confirmedTranscriptInput } from "../commit/publicCommit.ts";
import type { GroupState } from "../groupState.ts";
import type { RatchetTree } from "../tree/ratchetTree.ts";
import { treeHash } from "../tree/treeHash.ts";
import { encodeGroupContext, type GroupContext } from "./groupContext.ts";
import { deriveEpochSecrets, deriveJoinerSecret, nextConfirmedTranscriptHash } from "./keySchedule.ts";
import { openEpoch } from "./openEpoch.ts";

/**
 * Computes the next epoch's context as far as it stands before the commit is signed: path secrets are sealed under it.
 */
export function provisionalContext(params: {
  context: GroupContext;
  tree: RatchetTree;
  extensions: readonly Extension[];
}): GroupContext {
  const { context, tree, extensions } = params;
  return { ...context, epoch: context.epoch + 1, treeHash: treeHash(tree), extensions };
}

/**
 * Computes the epoch that a commit opens, the tag that the commit has to carry, and the secret that its joiners get.
 */
export function advanceEpoch(params: {
  state: GroupState;
  provisional: GroupContext;
  tree: RatchetTree;
  content: Uint8Array;
  signature: Uint8Array;
  commitSecret: Uint8Array;
  privateKeys: ReadonlyMap<number, Uint8Array>;
}): { state: GroupState; confirmationTag: Uint8Array; joinerSecret: Uint8Array } {
  const { state, provisional, tree, commitSecret, privateKeys } = params;
  const confirmedTranscriptHash = nextConfirmedTranscriptHash({
    interimTranscriptHash: state.interimTranscriptHash,
    confirmedInput: confirmedTranscriptInput(params),
  });
  const context = { ...provisional, confirmedTranscriptHash };
  const encodedContext = encodeGroupContext(context);
  const joinerSecret = deriveJoinerSecret({ initSecret: state.initSecret, commitSecret, encodedContext });
  const secrets = deriveEpochSecrets({ joinerSecret, encodedContext });
  const { ownLeafIndex } = state;
  const opened = openEpoch({ context, tree, ownLeafIndex, privateKeys, secrets });
  zero(secrets.confirmationKey);
  return { ...opened, joinerSecret };
}
