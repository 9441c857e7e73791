import type { GroupState } from "../../mls/groupState.ts";
import type { VerifiedCommit } from "../../mls/verifyCommit.ts";
import type { Appeal } from "../../wire/control.ts";
import type { InboxId } from "../../wire/ids.ts";
import { VOID_BLOCKS } from "../../wire/limits.ts";
import { inboxesOf } from "../groups/epochView.ts";
import type { EntryFacts } from "../policy/judgeCommit.ts";
import { judgeControl } from "../policy/judgeControl.ts";
import type { EntryRecord } from "../tables.ts";
import { judgeEvidence } from "./judgeEvidence.ts";
import type { VoidReason } from "./verdict.ts";

export type AppealJudgement =
  | { readonly kind: "refused"; readonly reason: string }
  /** It counts; `voids`: with it nobody follows the entry any more. */
  | { readonly kind: "counts"; readonly voids: VoidReason | undefined };

/** The verdict on a request or evidence about an earlier sibling, from what the chain orders alone. Pure. */
export function judgeAppeal(params: {
  facts: EntryFacts;
  appeal: Appeal;
  contested: Pick<EntryRecord, "id" | "block" | "authority">;
  /** Of the parent's epoch. */
  state: GroupState;
  /** The contested commit. */
  verified: VerifiedCommit;
  /** Inboxes whose requests about it came before. */
  asked: ReadonlySet<InboxId>;
}): AppealJudgement {
  const { facts, appeal, contested, state, verified, asked } = params;
  if (appeal.entry !== contested.id) return { kind: "refused", reason: "unknown-entry" };
  if (!isInTime({ contested, block: facts.block })) return { kind: "refused", reason: "too-late" };
  const permitted = judgeControl({ ...facts, control: appeal.kind });
  if (permitted.kind === "refused") return permitted;
  if (appeal.kind === "request") {
    const askers = new Set([...asked, facts.writer.inbox]);
    const isMajority = 2 * askers.size > inboxesOf(facts).length;
    return { kind: "counts", voids: isMajority ? "majority-cut-off" : undefined };
  }
  const voids = judgeEvidence({ state, verified, authority: contested.authority, evidence: appeal });
  return voids ? { kind: "counts", voids } : { kind: "refused", reason: "proves-nothing" };
}

/** Whether what lands in `block` still counts about this entry. */
export function isInTime(params: { contested: Pick<EntryRecord, "block">; block: number }): boolean {
  return params.block <= params.contested.block.number + VOID_BLOCKS;
}
