import type { GroupState } from "../../mls/groupState.ts";
import { judgePathEvidence, type PathEvidence, pathEvidence } from "../../mls/pathEvidence.ts";
import type { VerifiedCommit } from "../../mls/verifyCommit.ts";
import type { Address } from "../../wire/ids.ts";
import { authorityOf } from "../branch/epochSecrets.ts";
import type { VoidReason } from "../records/verdict.ts";

type Contested = {
  /** The state of the parent's epoch. */
  readonly state: GroupState;
  readonly verified: VerifiedCommit;
  /** The authority that the entry names. */
  readonly authority: Address;
};

/**
 * Tells why no member can follow a commit, as one of its path secrets shows: from the secret follow all keys that the
 * commit publishes from the secret's step up, but another confirmation tag or another authority than the commit has.
 * From every secret that gives these keys the same follows. If a secret does not give the keys themselves, it shows
 * nothing of the kind: a member under another step may have a good secret.
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
 * Finds the path secret that this client received by a commit, if it shows that no member can follow the commit;
 * otherwise the secret has to stay secret.
 */
export function ownEvidence(params: Contested): PathEvidence | undefined {
  const evidence = pathEvidence(params);
  return evidence && judgeEvidence({ ...params, evidence }) ? evidence : undefined;
}
