import type { KeyPair } from "../crypto/api.ts";
import { zero } from "../crypto/zero.ts";
import { malformed } from "./codec/malformed.ts";
import { readWhole } from "./codec/read.ts";
import { applyProposals } from "./commit/applyProposals.ts";
import { type Commit, encodeCommit } from "./commit/commit.ts";
import { judgeProposals } from "./commit/judgeProposals.ts";
import type { Proposal } from "./commit/proposal.ts";
import { encodePublicCommit, membershipTagOf } from "./commit/publicCommit.ts";
import { advanceEpoch, provisionalContext } from "./epoch/advanceEpoch.ts";
import { encodeGroupContext, type GroupContext } from "./epoch/groupContext.ts";
import { NO_SECRET } from "./epoch/keySchedule.ts";
import type { GroupState } from "./groupState.ts";
import { signWithLabel } from "./label/signWithLabel.ts";
import { WEFT_GROUP_CONTEXT } from "./limits.ts";
import { encodeFramedContent, framedContentLabel, framedContentTbs } from "./message/framing.ts";
import { createPath, type FreshPath, sealPath } from "./path/createPath.ts";
import { keysStillInUse } from "./path/privateKeys.ts";
import type { UpdatePath } from "./path/updatePath.ts";
import { hasDuplicateKeys } from "./tree/checkTree.ts";
import type { RatchetTree } from "./tree/ratchetTree.ts";
import { commonAncestor } from "./tree/treeMath.ts";
import { readKeyPackage } from "./welcome/keyPackage.ts";
import { sealWelcome, type Welcome } from "./welcome/sealWelcome.ts";

/** A commit that is written but not yet accepted by anyone. */
export type StagedCommit = {
  /** An MLSMessage with a PublicMessage. */
  readonly commit: Uint8Array;
  /** The committer's state if the commit is adopted; secret, and not to be derived again. */
  readonly newState: GroupState;
  /** The Welcome of those who are added; undefined if nobody is. */
  readonly welcome: Welcome | undefined;
};

/**
 * Writes a commit (RFC 9420, section 12.4.1): Adds only, or Removes and a new group context with an update path, or
 * nothing but a path (a rotation). `adds` are encoded KeyPackages, `removes` leaf indices.
 * Throws `malformed` or `outside-profile` for what `verifyCommit` would refuse.
 */
export function stageCommit(params: {
  state: GroupState;
  signatureKey: KeyPair;
  adds?: readonly Uint8Array[] | undefined;
  removes?: readonly number[] | undefined;
  groupContextExtension?: Uint8Array | undefined;
  forcePath?: boolean | undefined;
}): StagedCommit {
  const { state } = params;
  const { privateKey } = params.signatureKey;
  const { ownLeafIndex: signer } = state;
  const proposals = toProposals(params);
  const needsPath = params.forcePath === true || !isAddsOnly(proposals);
  const change = prepare({ state, privateKey, proposals, needsPath });
  const { fresh, path, provisional, tree } = change;
  const signed = signCommit({ state, privateKey, commit: { proposals, path } });
  const commitSecret = fresh?.derived.commitSecret ?? NO_SECRET;
  const privateKeys = new Map([
    ...keysStillInUse({ known: state.privateKeys, before: state.tree, after: tree }),
    ...(fresh?.privateKeys ?? []),
  ]);
  const next = advanceEpoch({ state, provisional, tree, ...signed, commitSecret, privateKeys });
  const { confirmationTag, joinerSecret, state: newState } = next;
  const joiners = joinersOf({ ...change, proposals, leafIndex: signer });
  const { context } = newState;
  const welcome =
    joiners.length === 0
      ? undefined
      : sealWelcome({ context, confirmationTag, signer, privateKey, joinerSecret, joiners });
  if (fresh) zero(...fresh.derived.pathSecrets, fresh.derived.commitSecret);
  zero(joinerSecret);
  return { commit: finishCommit({ state, ...signed, confirmationTag }), newState, welcome };
}

type PreparedChange = {
  readonly tree: RatchetTree;
  readonly addedLeaves: readonly number[];
  readonly provisional: GroupContext;
  readonly fresh: FreshPath | undefined;
  readonly path: UpdatePath | undefined;
};

/** Applies the proposals and, where needed, draws up a path. */
function prepare(params: {
  state: GroupState;
  privateKey: Uint8Array;
  proposals: readonly Proposal[];
  needsPath: boolean;
}): PreparedChange {
  const { state, proposals } = params;
  const { context, ownLeafIndex: leafIndex } = state;
  const { tree: treeBeforePath, addedLeaves } = checkProposals({ state, proposals });
  const extensions =
    proposals.find((one) => one.kind === "group-context-extensions")?.extensions ?? context.extensions;
  if (!params.needsPath) {
    const provisional = provisionalContext({ context, tree: treeBeforePath, extensions });
    return { tree: treeBeforePath, addedLeaves, provisional, fresh: undefined, path: undefined };
  }
  const { groupId } = context;
  const signaturePrivateKey = params.privateKey;
  const fresh = createPath({ tree: treeBeforePath, groupId, leafIndex, signaturePrivateKey });
  const provisional = provisionalContext({ context, tree: fresh.tree, extensions });
  const encodedContext = encodeGroupContext(provisional);
  const path = sealPath({ fresh, treeBeforePath, addedLeaves, leafIndex, encodedContext });
  return { tree: fresh.tree, addedLeaves, provisional, fresh, path };
}

function toProposals(params: {
  adds?: readonly Uint8Array[] | undefined;
  removes?: readonly number[] | undefined;
  groupContextExtension?: Uint8Array | undefined;
}): Proposal[] {
  const { adds = [], removes = [], groupContextExtension: content } = params;
  return [
    ...adds.map((bytes): Proposal => ({ kind: "add", keyPackage: readWhole(bytes, readKeyPackage) })),
    ...removes.map((leafIndex): Proposal => ({ kind: "remove", leafIndex })),
    ...(content
      ? [{ kind: "group-context-extensions", extensions: [{ type: WEFT_GROUP_CONTEXT, content }] } as const]
      : []),
  ];
}

function isAddsOnly(proposals: readonly Proposal[]): boolean {
  return proposals.length > 0 && proposals.every(({ kind }) => kind === "add");
}

/**
 * Gives the tree after proposals, and the leaves that the Adds fill. Throws `malformed` if others would refuse them.
 */
function checkProposals(params: { state: GroupState; proposals: readonly Proposal[] }): {
  tree: RatchetTree;
  addedLeaves: number[];
} {
  const { state, proposals } = params;
  const { tree, ownLeafIndex: committer } = state;
  const fault = judgeProposals({ tree, committer, proposals, hasPath: true });
  if (fault) throw malformed(`the commit would be refused: ${fault}`);
  const applied = applyProposals({ tree, proposals });
  if (hasDuplicateKeys(applied.tree)) throw malformed("the commit would be refused: duplicate-key");
  return applied;
}

function signCommit(params: { state: GroupState; privateKey: Uint8Array; commit: Commit }): {
  content: Uint8Array;
  signature: Uint8Array;
} {
  const { context, ownLeafIndex: leafIndex } = params.state;
  const content = encodeFramedContent({
    ...{ groupId: context.groupId, epoch: context.epoch, leafIndex },
    authenticatedData: new Uint8Array(0),
    contentType: "commit",
    body: encodeCommit(params.commit),
  });
  const encodedContext = encodeGroupContext(context);
  const signature = signWithLabel({
    privateKey: params.privateKey,
    label: framedContentLabel,
    content: framedContentTbs({ wireFormat: "public", content, encodedContext }),
  });
  return { content, signature };
}

function finishCommit(params: {
  state: GroupState;
  content: Uint8Array;
  signature: Uint8Array;
  confirmationTag: Uint8Array;
}): Uint8Array {
  const { membershipKey, context } = params.state;
  const encodedContext = encodeGroupContext(context);
  return encodePublicCommit({
    ...params,
    membershipTag: membershipTagOf({ ...params, membershipKey, encodedContext }),
  });
}

/** Lists the added members, each with the path secret of the lowest node above both it and the committer. */
function joinersOf(params: {
  proposals: readonly Proposal[];
  addedLeaves: readonly number[];
  fresh: FreshPath | undefined;
  leafIndex: number;
}) {
  const { fresh, addedLeaves, leafIndex } = params;
  const added = params.proposals.flatMap((one) => (one.kind === "add" ? [one.keyPackage] : []));
  return added.map((keyPackage, i) => {
    const ancestor = commonAncestor(leafIndex, addedLeaves[i] ?? leafIndex);
    const step = fresh?.steps.findIndex(({ position }) => position === ancestor) ?? -1;
    return { keyPackage, pathSecret: fresh?.derived.pathSecrets[step] };
  });
}
