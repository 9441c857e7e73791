import { equalBytes } from "../crypto/equalBytes.ts";
import { isWeftError } from "../errors.ts";
import { applyProposals } from "./commit/applyProposals.ts";
import type { CommitStep } from "./commit/commitStep.ts";
import { judgeProposals, type ProposalFault } from "./commit/judgeProposals.ts";
import { decodePublicCommit, membershipTagOf, type PublicCommit } from "./commit/publicCommit.ts";
import { advanceEpoch, provisionalContext } from "./epoch/advanceEpoch.ts";
import { encodeGroupContext } from "./epoch/groupContext.ts";
import { NO_SECRET } from "./epoch/keySchedule.ts";
import type { GroupState } from "./groupState.ts";
import { verifyWithLabel } from "./label/signWithLabel.ts";
import { framedContentLabel, framedContentTbs } from "./message/framing.ts";
import { judgePath, type PathFault } from "./path/judgePath.ts";
import { groupContextContent, isProfileSuccessor } from "./profile.ts";
import { hasDuplicateKeys } from "./tree/checkTree.ts";
import { leafAt, type RatchetTree } from "./tree/ratchetTree.ts";

export type CommitRefusal =
  | "malformed"
  | "wrong-group"
  | "wrong-epoch"
  | "not-a-member"
  | "bad-membership-tag"
  | "bad-confirmation-tag"
  | ProposalFault
  | PathFault;

/** A commit that every member of its parent's epoch accepts as far as it can be told without the path's secrets. */
export type VerifiedCommit = {
  readonly committerLeaf: number;
  readonly committerIdentity: Uint8Array;
  readonly committerSignatureKey: Uint8Array;
  readonly adds: readonly AddedMember[];
  readonly removes: readonly RemovedMember[];
  /** The new content of the group context's extension, if the commit changes it. */
  readonly groupContextExtension: Uint8Array | undefined;
  readonly hasPath: boolean;
  /** What `applyCommit` needs of the commit. */
  readonly step: CommitStep;
};

export type AddedMember = {
  readonly leafIndex: number;
  readonly identity: Uint8Array;
  readonly signatureKey: Uint8Array;
  /** The encoded KeyPackage. */
  readonly keyPackage: Uint8Array;
};

export type RemovedMember = {
  readonly leafIndex: number;
  readonly identity: Uint8Array;
  readonly signatureKey: Uint8Array;
};

export type CommitVerdict =
  | { readonly kind: "verified"; readonly verified: VerifiedCommit }
  | { readonly kind: "refused"; readonly reason: CommitRefusal };

/**
 * Judges a commit (an MLSMessage with a PublicMessage) by what all members of the state's epoch can tell alike: the
 * profile, signatures, tags and the public side of the tree (RFC 9420, section 12.4.2). Never throws for bad bytes.
 */
export function verifyCommit(params: { state: GroupState; commit: Uint8Array }): CommitVerdict {
  const { state } = params;
  const message = decode(params.commit);
  if (typeof message === "string") return refused(message);
  const { committer, commit } = message;
  const { proposals, path } = commit;
  const reason =
    judgeFraming(state, message) ??
    judgeProposals({ tree: state.tree, committer, proposals, hasPath: path !== undefined });
  if (reason) return refused(reason);
  const step = judgeStep(state, message);
  if (typeof step === "string") return refused(step);
  if (!step.path && !isConfirmed(state, step)) return refused("bad-confirmation-tag");
  return { kind: "verified", verified: describe(state, step) };
}

function decode(bytes: Uint8Array): PublicCommit | CommitRefusal {
  try {
    return decodePublicCommit(bytes);
  } catch (error) {
    if (isWeftError(error, "outside-profile")) return "outside-profile";
    if (isWeftError(error)) return "malformed";
    throw error;
  }
}

function judgeFraming(state: GroupState, message: PublicCommit): CommitRefusal | undefined {
  const { context, membershipKey } = state;
  const { content, signature, confirmationTag } = message;
  if (!equalBytes(message.groupId, context.groupId)) return "wrong-group";
  if (message.epoch !== context.epoch) return "wrong-epoch";
  const committer = leafAt(state.tree, message.committer);
  if (!committer) return "not-a-member";
  if (message.authenticatedData.length > 0) return "outside-profile";
  const encodedContext = encodeGroupContext(context);
  const tag = membershipTagOf({ membershipKey, content, encodedContext, signature, confirmationTag });
  if (!equalBytes(tag, message.membershipTag)) return "bad-membership-tag";
  const isSigned = verifyWithLabel({
    publicKey: committer.signatureKey,
    label: framedContentLabel,
    content: framedContentTbs({ wireFormat: "public", content, encodedContext }),
    signature,
  });
  return isSigned ? undefined : "bad-signature";
}

function judgeStep(state: GroupState, message: PublicCommit): CommitStep | CommitRefusal {
  const { context } = state;
  const { committer, commit } = message;
  const { tree: treeBeforePath, addedLeaves } = applyProposals({ tree: state.tree, ...commit });
  let extensions = context.extensions;
  for (const one of commit.proposals) {
    if (one.kind === "group-context-extensions") extensions = one.extensions;
  }
  const common = { message, addedLeaves, treeBeforePath };
  if (!commit.path) {
    if (hasDuplicateKeys(treeBeforePath)) return "duplicate-key";
    const provisional = provisionalContext({ context, tree: treeBeforePath, extensions });
    return { ...common, tree: treeBeforePath, provisional, path: undefined };
  }
  if (!isProfileSuccessor(leafAt(state.tree, committer), commit.path.leaf)) return "outside-profile";
  const { groupId } = context;
  const judged = judgePath({ tree: treeBeforePath, groupId, committer, addedLeaves, path: commit.path });
  if (judged.kind === "fault") return judged.reason;
  const provisional = provisionalContext({ context, tree: judged.tree, extensions });
  return { ...common, tree: judged.tree, provisional, path: { ...commit.path, steps: judged.steps } };
}

/** True if the tag of a commit without a path is right: every member can compute it, so all refuse a wrong one. */
function isConfirmed(state: GroupState, step: CommitStep): boolean {
  const { message, provisional, tree } = step;
  const { content, signature } = message;
  const { privateKeys } = state;
  const commitSecret = NO_SECRET;
  const next = advanceEpoch({ state, provisional, tree, content, signature, commitSecret, privateKeys });
  return equalBytes(next.confirmationTag, message.confirmationTag);
}

function describe(state: GroupState, step: CommitStep): VerifiedCommit {
  const { committer, commit } = step.message;
  const adds: AddedMember[] = [];
  const removes: RemovedMember[] = [];
  let groupContextExtension: Uint8Array | undefined;
  for (const proposal of commit.proposals) {
    if (proposal.kind === "add") {
      const { identity, signatureKey } = proposal.keyPackage.leaf;
      const leafIndex = step.addedLeaves[adds.length] ?? 0;
      adds.push({ leafIndex, identity, signatureKey, keyPackage: proposal.keyPackage.encoded });
    } else if (proposal.kind === "remove") {
      const { leafIndex } = proposal;
      removes.push({ leafIndex, ...memberOf(state.tree, leafIndex) });
    } else {
      groupContextExtension = groupContextContent(proposal.extensions);
    }
  }
  const { identity, signatureKey } = memberOf(state.tree, committer);
  return {
    committerLeaf: committer,
    committerIdentity: identity,
    committerSignatureKey: signatureKey,
    ...{ adds, removes, groupContextExtension, hasPath: step.path !== undefined, step },
  };
}

function memberOf(tree: RatchetTree, leafIndex: number): { identity: Uint8Array; signatureKey: Uint8Array } {
  const leaf = leafAt(tree, leafIndex);
  return {
    identity: leaf?.identity ?? new Uint8Array(0),
    signatureKey: leaf?.signatureKey ?? new Uint8Array(0),
  };
}

function refused(reason: CommitRefusal): CommitVerdict {
  return { kind: "refused", reason };
}
