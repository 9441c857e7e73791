import type { GroupState } from "../../mls/groupState.ts";
import { judgePathEvidence, type PathEvidence, pathEvidence } from "../../mls/pathEvidence.ts";
import type { VerifiedCommit } from "../../mls/verifyCommit.ts";
import type { Address } from "../../wire/ids.ts";
import { authorityOf } from "../branch/epochSecrets.ts";
import type { VoidReason } from "../records/verdict.ts";

type Contested = {
  /** Of the parent's epoch. */
  readonly state: GroupState;
  readonly verified: VerifiedCommit;
  /** What the entry names. */
  readonly authority: Address;
};

/**
 * Tells why no member can follow a commit, as one of its path secrets shows: the secret gives all keys that are
 * published from its step up, and something else than the commit says. Every secret that gives these keys gives the
 * same. A secret that contradicts the keys themselves shows nothing of the kind: a member under another step may have
 * a good one.
 */
export function judgeEvidence(params: Contested & { evidence: PathEvidence }): VoidReason | undefined {
  const verdict = judgePathEvidence(params);
  switch (verdict.kind) {
    case "contradicts-tag":
      return "contradicts-tag";
    case "consistent":
      return authorityOf(verdict.epoch) === params.authority ? undefined : "contradicts-authority";
    case "contradicts-keys":
    case "unrelated":
      return undefined;
  }
}

/**
 * The path secret that this client received by a commit, if it shows that no member can follow the commit; otherwise
 * the secret is to stay secret.
 */
export function ownEvidence(params: Contested): PathEvidence | undefined {
  const evidence = pathEvidence(params);
  return evidence && judgeEvidence({ ...params, evidence }) ? evidence : undefined;
}
