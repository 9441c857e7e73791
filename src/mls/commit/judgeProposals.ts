import { isWeftError } from "../../errors.ts";
import { MAX_GROUP_CONTEXT_BYTES, MAX_MEMBERS } from "../limits.ts";
import { groupContextContent } from "../profile.ts";
import { filledLeaves, leafAt, type RatchetTree } from "../tree/ratchetTree.ts";
import { checkKeyPackage } from "../welcome/checkKeyPackage.ts";
import type { Proposal } from "./proposal.ts";

export type ProposalFault =
  | "outside-profile"
  | "path-missing"
  | "unknown-leaf"
  | "removes-itself"
  | "too-many-members"
  | "bad-key-package";

/** Finds the first rule of the profile or of RFC 9420, section 12.2, that a commit's proposals break, if any. */
export function judgeProposals(params: {
  tree: RatchetTree;
  committer: number;
  proposals: readonly Proposal[];
  hasPath: boolean;
}): ProposalFault | undefined {
  const { tree, committer, proposals, hasPath } = params;
  const removed = proposals.flatMap((one) => (one.kind === "remove" ? [one.leafIndex] : []));
  const added = proposals.flatMap((one) => (one.kind === "add" ? [one.keyPackage] : []));
  if (added.length > 0 && removed.length > 0) return "outside-profile";
  if (!areContextsValid(proposals)) return "outside-profile";
  const addsOnly = proposals.length > 0 && added.length === proposals.length;
  if (!hasPath && !addsOnly) return "path-missing";
  if (removed.includes(committer)) return "removes-itself";
  if (removed.some((leafIndex) => !leafAt(tree, leafIndex))) return "unknown-leaf";
  if (new Set(removed).size !== removed.length) return "unknown-leaf";
  if (filledLeaves(tree).length + added.length > MAX_MEMBERS) return "too-many-members";
  if (!added.every((keyPackage) => isValid(() => checkKeyPackage(keyPackage)))) return "bad-key-package";
  return undefined;
}

function areContextsValid(proposals: readonly Proposal[]): boolean {
  const contexts = proposals.flatMap((one) =>
    one.kind === "group-context-extensions" ? [one.extensions] : [],
  );
  if (contexts.length > 1) return false;
  return contexts.every((extensions) =>
    isValid(() => groupContextContent(extensions).length <= MAX_GROUP_CONTEXT_BYTES),
  );
}

/** False if `check` returns false or throws a WeftError. */
function isValid(check: () => unknown): boolean {
  try {
    return check() !== false;
  } catch (error) {
    if (isWeftError(error)) return false;
    throw error;
  }
}
