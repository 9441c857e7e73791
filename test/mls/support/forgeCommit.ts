import { applyProposals } from "../../../src/mls/commit/applyProposals.ts";
import { encodeCommit } from "../../../src/mls/commit/commit.ts";
import type { Proposal } from "../../../src/mls/commit/proposal.ts";
import { encodePublicCommit, membershipTagOf } from "../../../src/mls/commit/publicCommit.ts";
import { advanceEpoch, provisionalContext } from "../../../src/mls/epoch/advanceEpoch.ts";
import { encodeGroupContext } from "../../../src/mls/epoch/groupContext.ts";
import { NO_SECRET } from "../../../src/mls/epoch/keySchedule.ts";
import type { GroupState } from "../../../src/mls/groupState.ts";
import { signWithLabel } from "../../../src/mls/label/signWithLabel.ts";
import {
  encodeFramedContent,
  framedContentLabel,
  framedContentTbs,
} from "../../../src/mls/message/framing.ts";
import { createPath, type FreshPath, sealPath } from "../../../src/mls/path/createPath.ts";
import { keysStillInUse } from "../../../src/mls/path/privateKeys.ts";
import type { UpdatePath } from "../../../src/mls/path/updatePath.ts";
import type { Seat } from "./testGroup.ts";

/**
 * A commit as a hostile member would write it: any proposals, with or without a path, the path changed at will, and
 * every signature and tag still right unless a parameter spoils it.
 */
export function forgeCommit(params: {
  seat: Pick<Seat, "state" | "signatureKey">;
  proposals?: readonly Proposal[];
  withPath?: boolean;
  changePath?: (path: UpdatePath, fresh: FreshPath) => UpdatePath;
  changeFresh?: (fresh: FreshPath) => FreshPath;
  /** Encoded Commit to send instead; tags are then computed as for an empty pathless one. */
  body?: Uint8Array;
  leafIndex?: number;
  epoch?: number;
  groupId?: Uint8Array;
  authenticatedData?: Uint8Array;
  spoil?: "signature" | "membership-tag" | "confirmation-tag";
}): {
  commit: Uint8Array;
  newState: GroupState;
  confirmationTag: Uint8Array;
  joinerSecret: Uint8Array;
  fresh: FreshPath | undefined;
} {
  const { seat, proposals = [], spoil } = params;
  const { state } = seat;
  const { ownLeafIndex: leafIndex, context } = state;
  const { tree: treeBeforePath, addedLeaves } = applyProposals({ tree: state.tree, proposals });
  const made = params.withPath
    ? createPath({
        tree: treeBeforePath,
        groupId: context.groupId,
        leafIndex,
        signaturePrivateKey: seat.signatureKey.privateKey,
      })
    : undefined;
  const fresh = made && (params.changeFresh?.(made) ?? made);
  const tree = fresh?.tree ?? treeBeforePath;
  const change = proposals.find((one) => one.kind === "group-context-extensions");
  const extensions = change?.extensions ?? context.extensions;
  const provisional = provisionalContext({ context, tree, extensions });
  const provisionalBytes = encodeGroupContext(provisional);
  const honest =
    fresh && sealPath({ fresh, treeBeforePath, addedLeaves, leafIndex, encodedContext: provisionalBytes });
  const path = honest && fresh && (params.changePath?.(honest, fresh) ?? honest);
  const content = encodeFramedContent({
    groupId: params.groupId ?? context.groupId,
    epoch: params.epoch ?? context.epoch,
    leafIndex: params.leafIndex ?? leafIndex,
    authenticatedData: params.authenticatedData ?? new Uint8Array(0),
    contentType: "commit",
    body: params.body ?? encodeCommit({ proposals, path }),
  });
  const encodedContext = encodeGroupContext(context);
  const signature = signWithLabel({
    privateKey: seat.signatureKey.privateKey,
    label: framedContentLabel,
    content: framedContentTbs({ wireFormat: "public", content, encodedContext }),
  });
  if (spoil === "signature") flip(signature);
  const next = advanceEpoch({
    ...{ state, provisional, tree, content, signature },
    commitSecret: fresh?.derived.commitSecret ?? NO_SECRET,
    privateKeys: new Map([
      ...keysStillInUse({ known: state.privateKeys, before: state.tree, after: tree }),
      ...(fresh?.privateKeys ?? []),
    ]),
  });
  const { confirmationTag } = next;
  if (spoil === "confirmation-tag") flip(confirmationTag);
  const { membershipKey } = state;
  const membershipTag = membershipTagOf({
    membershipKey,
    content,
    encodedContext,
    signature,
    confirmationTag,
  });
  if (spoil === "membership-tag") flip(membershipTag);
  return {
    commit: encodePublicCommit({ content, signature, confirmationTag, membershipTag }),
    newState: next.state,
    ...{ confirmationTag, fresh, joinerSecret: next.joinerSecret },
  };
}

function flip(bytes: Uint8Array): void {
  bytes[5] = (bytes[5] ?? 0) ^ 1;
}
