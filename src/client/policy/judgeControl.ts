import { type EntryFacts, refuseWriter } from "./judgeCommit.ts";
import type { CommitRefusal } from "./reasons.ts";
import { hasActive, roleOf } from "./roleOf.ts";

/** Whether a control entry counts; judged in its parent's epoch. Pure. */
export function judgeControl(
  facts: EntryFacts & { control: "delete-message" | "leave" },
): { kind: "permitted" } | { kind: "refused"; reason: CommitRefusal } {
  const reason = refuseWriter(facts) ?? refuseControl(facts);
  return reason ? { kind: "refused", reason } : { kind: "permitted" };
}

function refuseControl(
  facts: EntryFacts & { control: "delete-message" | "leave" },
): CommitRefusal | undefined {
  const { context, members, revoked, leavers, writer } = facts;
  const isSuperAdmin = roleOf({ context, inbox: writer.inbox }) === "super-admin";
  if (facts.control === "delete-message") return isSuperAdmin ? undefined : "not-permitted";
  const others = context.superAdmins.filter((inbox) => inbox !== writer.inbox && !leavers.has(inbox));
  return isSuperAdmin && !hasActive({ members, revoked, inboxes: others }) ? "last-super-admin" : undefined;
}
