import { equalBytes } from "../crypto/equalBytes.ts";
import { derivePublished } from "./applyCommit.ts";
import { advanceEpoch } from "./epoch/advanceEpoch.ts";
import type { GroupState } from "./groupState.ts";
import { openPath } from "./path/openPath.ts";
import type { VerifiedCommit } from "./verifyCommit.ts";

/**
 * A path secret that a commit sealed to a member, and the step of the path from which it counts. Whoever has it can
 * enter the commit's epoch: show it only if the commit is garbage.
 */
export type PathEvidence = { readonly pathSecret: Uint8Array; readonly stepIndex: number };

/** Gives what this member received by a verified commit; undefined if nothing opens. */
export function pathEvidence(params: {
  state: GroupState;
  verified: VerifiedCommit;
}): PathEvidence | undefined {
  return openPath({ state: params.state, step: params.verified.step });
}

export type EvidenceVerdict =
  /** Not a secret of this commit: it proves nothing. */
  | { readonly kind: "unrelated" }
  /** It gives one published key and contradicts one above: the commit is garbage. */
  | { readonly kind: "contradicts-keys" }
  /** It gives all published keys and contradicts the confirmation tag: the commit is garbage. */
  | { readonly kind: "contradicts-tag" }
  /** It gives keys and tag. `epoch` exports what the commit's epoch exports, to compare with what the entry claims. */
  | { readonly kind: "consistent"; readonly epoch: Pick<GroupState, "exporterSecret"> };

/** Judges what somebody else's evidence says of a commit that was verified against `state`. */
export function judgePathEvidence(params: {
  state: GroupState;
  verified: VerifiedCommit;
  evidence: PathEvidence;
}): EvidenceVerdict {
  const { state, evidence } = params;
  const { step } = params.verified;
  const { fitting, steps, commitSecret, privateKeys } = derivePublished({ step, ...evidence });
  if (fitting === 0) return { kind: "unrelated" };
  if (fitting < steps) return { kind: "contradicts-keys" };
  const { provisional, tree, message } = step;
  const { content, signature } = message;
  const next = advanceEpoch({ state, provisional, tree, content, signature, commitSecret, privateKeys });
  if (!equalBytes(next.confirmationTag, message.confirmationTag)) return { kind: "contradicts-tag" };
  return { kind: "consistent", epoch: { exporterSecret: next.state.exporterSecret } };
}
