import assert from "node:assert/strict";
import { type AppliedCommit, applyCommit } from "../../../src/mls/applyCommit.ts";
import { applyProposals } from "../../../src/mls/commit/applyProposals.ts";
import { membershipTagOf, type PublicCommit } from "../../../src/mls/commit/publicCommit.ts";
import { provisionalContext } from "../../../src/mls/epoch/advanceEpoch.ts";
import { encodeGroupContext } from "../../../src/mls/epoch/groupContext.ts";
import type { GroupState } from "../../../src/mls/groupState.ts";
import { verifyWithLabel } from "../../../src/mls/label/signWithLabel.ts";
import { framedContentLabel, framedContentTbs } from "../../../src/mls/message/framing.ts";
import { judgePath } from "../../../src/mls/path/judgePath.ts";
import { leafAt } from "../../../src/mls/tree/ratchetTree.ts";

const EMPTY = new Uint8Array(0);

/** One commit, judged as `verifyCommit` does but without the profile, and applied. Whatever is wrong fails the test. */
export function followUnprofiled(params: { state: GroupState; message: PublicCommit }): AppliedCommit {
  const { state, message } = params;
  const { committer, commit } = message;
  const { context } = state;
  checkFraming(params);
  const { tree: treeBeforePath, addedLeaves } = applyProposals({ tree: state.tree, ...commit });
  const { groupId } = context;
  const judged =
    commit.path && judgePath({ tree: treeBeforePath, groupId, committer, addedLeaves, path: commit.path });
  if (judged?.kind === "fault") throw new Error(judged.reason);
  const change = commit.proposals.find((proposal) => proposal.kind === "group-context-extensions");
  const extensions = change?.extensions ?? context.extensions;
  const tree = judged?.tree ?? treeBeforePath;
  const path = commit.path && judged ? { ...commit.path, steps: judged.steps } : undefined;
  const provisional = provisionalContext({ context, tree, extensions });
  const removes = commit.proposals.flatMap((one) =>
    one.kind === "remove" ? [{ leafIndex: one.leafIndex, identity: EMPTY, signatureKey: EMPTY }] : [],
  );
  return applyCommit({
    state,
    verified: {
      ...{ committerLeaf: committer, committerIdentity: EMPTY, committerSignatureKey: EMPTY },
      ...{ adds: [], removes, groupContextExtension: undefined, hasPath: path !== undefined },
      step: { message, addedLeaves, treeBeforePath, tree, provisional, path },
    },
  });
}

function checkFraming({ state, message }: { state: GroupState; message: PublicCommit }): void {
  const { content, signature, confirmationTag } = message;
  const { context, membershipKey } = state;
  const encodedContext = encodeGroupContext(context);
  const tag = membershipTagOf({ membershipKey, content, encodedContext, signature, confirmationTag });
  assert.deepEqual(tag, message.membershipTag);
  const sender = leafAt(state.tree, message.committer);
  assert.ok(sender);
  const signed = framedContentTbs({ wireFormat: "public", content, encodedContext });
  const publicKey = sender.signatureKey;
  assert.ok(verifyWithLabel({ publicKey, label: framedContentLabel, content: signed, signature }));
}
