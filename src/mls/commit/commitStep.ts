import type { GroupContext } from "../epoch/groupContext.ts";
import type { UpdatePath } from "../path/updatePath.ts";
import type { PathStep, RatchetTree } from "../tree/ratchetTree.ts";
import type { PublicCommit } from "./publicCommit.ts";

/** What a commit does to a group, as far as it can be told without the secrets of its path. */
export type CommitStep = {
  readonly message: PublicCommit;
  readonly addedLeaves: readonly number[];
  /** The tree after the proposals: the path's secrets are sealed to it. */
  readonly treeBeforePath: RatchetTree;
  readonly tree: RatchetTree;
  readonly provisional: GroupContext;
  readonly path: (UpdatePath & { readonly steps: readonly PathStep[] }) | undefined;
};
