import type { ControlInstruction } from "../../wire/control.ts";
import { closedKindOf } from "./closed.ts";
import { type EntryFacts, refuseWriter } from "./judgeCommit.ts";
import type { CommitRefusal } from "./reasons.ts";
import { hasActive, roleOf } from "./roleOf.ts";

/** Tells whether a control counts, judged in its parent's epoch. Pure. */
export function judgeControl(
  facts: EntryFacts & { control: ControlInstruction["kind"] },
): { kind: "permitted" } | { kind: "refused"; reason: CommitRefusal } {
  const reason = refuseWriter(facts) ?? refuseControl(facts);
  return reason ? { kind: "refused", reason } : { kind: "permitted" };
}

function refuseControl(
  facts: EntryFacts & { control: ControlInstruction["kind"] },
): CommitRefusal | undefined {
  const { context, members, revoked, leavers, writer } = facts;
  if (facts.control === "request" || facts.control === "evidence") return undefined;
  // Nobody deletes what the other has said, and whoever left would be taken in again.
  if (closedKindOf(context)) return "not-permitted";
  const isSuperAdmin = roleOf({ context, inbox: writer.inbox }) === "super-admin";
  if (facts.control === "delete-message") return isSuperAdmin ? undefined : "not-permitted";
  const others = context.superAdmins.filter((inbox) => inbox !== writer.inbox && !leavers.has(inbox));
  return isSuperAdmin && !hasActive({ members, revoked, inboxes: others }) ? "last-super-admin" : undefined;
}
