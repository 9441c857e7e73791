import { WeftError } from "../../errors.ts";
import type { GroupContext } from "../../wire/groupContext.ts";
import { type ClosedKind, haveSameKind, readKind } from "../../wire/groupKind.ts";
import type { InboxId } from "../../wire/ids.ts";

type Context = Pick<GroupContext, "name" | "superAdmins" | "admins" | "extra">;

/** Gives the kind of a group that only certain inboxes may be in; `undefined` for all other groups. */
export function closedKindOf({ extra }: Pick<GroupContext, "extra">): ClosedKind | undefined {
  const kind = readKind(extra);
  if (kind) return kind.kind === "group" ? undefined : kind;
  throw new WeftError({ code: "internal", message: "a group context has a kind of another form" });
}

/** True if an inbox may have leaves in a group, as far as the group's kind says. */
export function isMeant(context: Pick<GroupContext, "extra">, inbox: InboxId): boolean {
  const closed = closedKindOf(context);
  return closed === undefined || closed.inboxes.some((one) => one === inbox);
}

/**
 * Tells what in an epoch contradicts the group's kind: a leaf of an inbox for which the group is not meant, or a name
 * or a role where all have equal rights. Members refuse a commit that would bring this about; whoever finds it when it
 * joins stops there. Pure.
 */
export function contradictsKind(params: {
  readonly context: Context;
  readonly members: readonly { readonly inbox: InboxId }[];
}): "foreign-inbox" | "fixed-rights" | undefined {
  const { context, members } = params;
  if (closedKindOf(context) === undefined) return undefined;
  if (!members.every(({ inbox }) => isMeant(context, inbox))) return "foreign-inbox";
  const { name, superAdmins, admins } = context;
  return name.length + superAdmins.length + admins.length > 0 ? "fixed-rights" : undefined;
}

/** Tells why a commit does not fit the group's kind; `undefined` if it does. */
export function refuseKind(params: {
  readonly context: Context;
  readonly next: Context;
  readonly adds: readonly { readonly inbox: InboxId }[];
}): "kind-changed" | "foreign-inbox" | "fixed-rights" | undefined {
  const { context, next, adds } = params;
  if (!haveSameKind(context.extra, next.extra)) return "kind-changed";
  return contradictsKind({ context: next, members: adds });
}
