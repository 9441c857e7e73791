import { equalBytes } from "../crypto/equalBytes.ts";
import { zero } from "../crypto/zero.ts";
import { WeftError } from "../errors.ts";
import type { CommitStep } from "./commit/commitStep.ts";
import { advanceEpoch } from "./epoch/advanceEpoch.ts";
import { NO_SECRET } from "./epoch/keySchedule.ts";
import type { GroupState } from "./groupState.ts";
import { derivePath } from "./path/derivePath.ts";
import { openPath } from "./path/openPath.ts";
import { fitsTree, keysStillInUse } from "./path/privateKeys.ts";
import type { VerifiedCommit } from "./verifyCommit.ts";

export type CutOffReason =
  | "own-commit"
  | "path-does-not-open"
  | "path-keys-differ"
  | "tree-invariant"
  | "bad-confirmation-tag";

export type AppliedCommit =
  | { readonly kind: "adopted"; readonly newState: GroupState; readonly addedLeaves: readonly number[] }
  /**
   * The commit is not adopted here, and others may have adopted it: `pathEvidence` may show everyone that it is the
   * committer's fault.
   */
  | { readonly kind: "cut-off"; readonly reason: CutOffReason }
  | { readonly kind: "removed" };

/**
 * Enters the epoch that a verified commit opens: opens the path, compares the keys, checks tree invariant and
 * confirmation tag (RFC 9420, section 12.4.2). A committer keeps the state that it staged and never comes here.
 * Throws `internal` if the commit was verified against another epoch.
 */
export function applyCommit(params: { state: GroupState; verified: VerifiedCommit }): AppliedCommit {
  const { state, verified } = params;
  const { step } = verified;
  if (!followsOn(state, step)) {
    throw new WeftError({ code: "internal", message: "the commit was verified against another epoch" });
  }
  if (verified.removes.some(({ leafIndex }) => leafIndex === state.ownLeafIndex)) return { kind: "removed" };
  if (verified.committerLeaf === state.ownLeafIndex) return cutOff("own-commit");
  const { treeBeforePath: after } = step;
  if (!step.path) {
    const privateKeys = keysStillInUse({ known: state.privateKeys, before: state.tree, after });
    return conclude({ state, step, privateKeys, commitSecret: NO_SECRET });
  }
  const opened = openPath({ state, step });
  if (!opened) return cutOff("path-does-not-open");
  const derived = derivePublished({ step, ...opened });
  if (derived.fitting < derived.steps) return cutOff("path-keys-differ");
  const privateKeys = keysStillInUse({ known: state.privateKeys, before: state.tree, after: step.tree });
  for (const [position, privateKey] of derived.privateKeys) privateKeys.set(position, privateKey);
  const applied = conclude({ state, step, privateKeys, commitSecret: derived.commitSecret });
  zero(opened.pathSecret, derived.commitSecret);
  return applied;
}

/**
 * Derives what a path secret gives from its step upwards, and counts how many of its keys, from there on, are the
 * published ones.
 */
export function derivePublished(params: {
  step: Pick<CommitStep, "path">;
  pathSecret: Uint8Array;
  stepIndex: number;
}): { steps: number; fitting: number; privateKeys: Map<number, Uint8Array>; commitSecret: Uint8Array } {
  const { step, pathSecret, stepIndex } = params;
  const above = step.path?.steps.slice(stepIndex) ?? [];
  const { keyPairs, commitSecret, pathSecrets } = derivePath(pathSecret, above.length);
  zero(...pathSecrets.slice(1));
  const privateKeys = new Map<number, Uint8Array>();
  for (const [i, { position }] of above.entries()) {
    const pair = keyPairs[i];
    const published = step.path?.nodes[stepIndex + i]?.encryptionKey;
    if (!pair || !published || !equalBytes(pair.publicKey, published)) break;
    privateKeys.set(position, pair.privateKey);
  }
  return { steps: above.length, fitting: privateKeys.size, privateKeys, commitSecret };
}

function conclude(params: {
  state: GroupState;
  step: CommitStep;
  privateKeys: ReadonlyMap<number, Uint8Array>;
  commitSecret: Uint8Array;
}): AppliedCommit {
  const { state, step, privateKeys, commitSecret } = params;
  const { tree, provisional, message } = step;
  const { content, signature } = message;
  if (!fitsTree({ tree, ownLeafIndex: state.ownLeafIndex, privateKeys })) return cutOff("tree-invariant");
  const next = advanceEpoch({ state, provisional, tree, content, signature, commitSecret, privateKeys });
  if (!equalBytes(next.confirmationTag, message.confirmationTag)) return cutOff("bad-confirmation-tag");
  return { kind: "adopted", newState: next.state, addedLeaves: step.addedLeaves };
}

function followsOn(state: GroupState, step: CommitStep): boolean {
  const { context } = state;
  return (
    step.provisional.epoch === context.epoch + 1 &&
    equalBytes(step.provisional.groupId, context.groupId) &&
    equalBytes(step.provisional.confirmedTranscriptHash, context.confirmedTranscriptHash)
  );
}

function cutOff(reason: CutOffReason): AppliedCommit {
  return { kind: "cut-off", reason };
}
