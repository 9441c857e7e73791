import type { GroupContext, Returning } from "../../wire/groupContext.ts";
import type { InboxId } from "../../wire/ids.ts";
import { REPAIR_WINDOW_BLOCKS } from "../../wire/limits.ts";
import { type ReturningChange, refuseRepair, type Standing } from "./membership.ts";
import type { CommitRefusal } from "./reasons.ts";
import { type Member, mayRemove, roleOf } from "./roleOf.ts";

type Facts = Standing & {
  readonly writer: Member;
  readonly next: GroupContext;
  readonly change: ReturningChange;
};

/**
 * Tells why a commit may not change the list of returning members as it does. What it lists has to be a repair of its
 * own; a decision takes the whole inbox off the list; and nothing else is taken off before its time. Pure.
 */
export function judgeReturning(facts: Facts): CommitRefusal | undefined {
  const { next, change } = facts;
  for (const one of change.listed) {
    const reason = refuseListed(facts, one);
    if (reason) return reason;
  }
  if (next.returning.some(({ inbox }) => change.decided.has(inbox))) return "bad-returning";
  for (const { inbox } of change.unlisted) {
    const reason = change.decided.has(inbox) ? undefined : refuseUnlisting(facts, inbox);
    if (reason) return reason;
  }
  return undefined;
}

function refuseListed(facts: Facts, { installation, inbox, block }: Returning): CommitRefusal | undefined {
  const leaf = facts.change.repaired.find((one) => one.installation === installation);
  const isNear = Math.abs(facts.block - block) <= REPAIR_WINDOW_BLOCKS;
  if (leaf?.inbox !== inbox || !isNear) return "bad-returning";
  return refuseRepair(facts, leaf);
}

/**
 * In a commit without a Remove, a decision is about an inbox that has no leaf: the inbox loses its places on the list
 * and its role.
 */
function refuseUnlisting(facts: Facts, inbox: InboxId): CommitRefusal | undefined {
  const { context, next, members, writer } = facts;
  const isWhole =
    next.returning.every((one) => one.inbox !== inbox) &&
    roleOf({ context: next, inbox }) === "member" &&
    members.every((one) => one.inbox !== inbox);
  if (!isWhole) return "bad-returning";
  return mayRemove({ context, by: writer.inbox, target: inbox }) ? undefined : "not-permitted";
}
