import { ownerOfLeaf } from "../../identity/credential.ts";
import type { GroupState } from "../../mls/groupState.ts";
import type { VerifiedCommit } from "../../mls/verifyCommit.ts";
import type { Appeal } from "../../wire/control.ts";
import { type GroupContext, readGroupContext } from "../../wire/groupContext.ts";
import type { InboxId, InstallationKey } from "../../wire/ids.ts";
import { VOID_BLOCKS } from "../../wire/limits.ts";
import { committersOf } from "../branch/epochView.ts";
import type { EntryFacts } from "../policy/judgeCommit.ts";
import { judgeControl } from "../policy/judgeControl.ts";
import { decisionsOf, type Owed } from "../policy/membership.ts";
import { votersOf } from "../policy/votersOf.ts";
import type { EntryRecord } from "../records/records.ts";
import type { VoidReason } from "../records/verdict.ts";
import { judgeEvidence } from "./judgeEvidence.ts";

export type AppealJudgement =
  | { readonly kind: "refused"; readonly reason: string }
  /** The control counts; `voids`: by it the contested entry becomes void. */
  | { readonly kind: "counts"; readonly voids: VoidReason | undefined };

type Params = {
  facts: EntryFacts;
  appeal: Appeal;
  contested: Pick<EntryRecord, "id" | "block" | "authority">;
  /** The state of the parent's epoch. */
  state: GroupState;
  /** The contested commit. */
  verified: VerifiedCommit;
  /** Inboxes whose requests about the entry came before this one. */
  asked: ReadonlySet<InboxId>;
  /** Installations whose requests about the entry came before this one. */
  askers?: ReadonlySet<InstallationKey>;
};

/** Judges a request or evidence about an earlier sibling, only from what the chain orders. Pure. */
export function judgeAppeal(params: Params): AppealJudgement {
  const { facts, appeal, contested, state, verified } = params;
  if (appeal.entry !== contested.id) return { kind: "refused", reason: "unknown-entry" };
  if (!isInTime({ contested, block: facts.block })) return { kind: "refused", reason: "too-late" };
  const permitted = judgeControl({ ...facts, control: appeal.kind });
  if (permitted.kind === "refused") return permitted;
  if (appeal.kind === "request") return judgeRequest(params);
  const voids = judgeEvidence({ state, verified, authority: contested.authority, evidence: appeal });
  return voids ? { kind: "counts", voids } : { kind: "refused", reason: "proves-nothing" };
}

/** An installation that the entry itself removes can't ask about it. */
function judgeRequest({ facts, state, verified, asked, askers }: Params): AppealJudgement {
  const { writer, context, members, block } = facts;
  const { removes } = proposedBy({ context, verified });
  if (removes.some(({ installation }) => installation === writer.installation)) {
    return { kind: "refused", reason: "not-permitted" };
  }
  if (askers?.has(writer.installation)) return { kind: "refused", reason: "already-asked" };
  const { roles } = contestedDecisions({ context, verified, block });
  const voters = votersOf({ members, removes, demoted: roles, committers: committersOf(state) });
  const votes = [...new Set([...asked, writer.inbox])].filter((inbox) => voters.has(inbox));
  return { kind: "counts", voids: 2 * votes.length > voters.size ? "majority-cut-off" : undefined };
}

/** Lists the decisions of a permitted commit: they stay in force if the commit is voided. */
export function contestedDecisions(params: {
  context: GroupContext;
  verified: VerifiedCommit;
  block: number;
}): Owed {
  return decisionsOf({ ...params, ...proposedBy(params) });
}

function proposedBy({ context, verified }: { context: GroupContext; verified: VerifiedCommit }) {
  const content = verified.groupContextExtension;
  const after = content && readGroupContext(content);
  const removes = verified.removes.flatMap((leaf) => ownerOfLeaf(leaf) ?? []);
  return { next: after?.kind === "context" ? after.context : context, removes };
}

/** True if a request or evidence about this entry still counts when it lands in `block`. */
export function isInTime(params: { contested: Pick<EntryRecord, "block">; block: number }): boolean {
  return params.block <= params.contested.block.number + VOID_BLOCKS;
}
