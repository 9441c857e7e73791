import type { GroupContext } from "../../wire/groupContext.ts";
import type { InboxId, InstallationKey } from "../../wire/ids.ts";
import { awaitedMembers } from "./returning.ts";

export type Role = "super-admin" | "admin" | "member";

/** A leaf of the tree; lists of members are in leaf order. */
export type Member = { readonly inbox: InboxId; readonly installation: InstallationKey };

/** The members of an epoch; `revoked` are the installations of the epoch that the registry revoked. */
export type Roster = {
  readonly context: GroupContext;
  readonly members: readonly Member[];
  readonly revoked: ReadonlySet<InstallationKey>;
};

/** The role that the group context gives to an inbox of the group. */
export function roleOf(params: { context: GroupContext; inbox: InboxId }): Role {
  const { context, inbox } = params;
  if (context.superAdmins.includes(inbox)) return "super-admin";
  return context.admins.includes(inbox) ? "admin" : "member";
}

/** Admins remove members; super admins remove anyone. */
export function mayRemove(params: { context: GroupContext; by: InboxId; target: InboxId }): boolean {
  const { context, by, target } = params;
  const role = roleOf({ context, inbox: by });
  return role === "super-admin" || (role === "admin" && roleOf({ context, inbox: target }) === "member");
}

/** True if one of these inboxes has a leaf whose installation is active. */
export function hasActive(params: Omit<Roster, "context"> & { inboxes: readonly InboxId[] }): boolean {
  const inboxes = new Set(params.inboxes);
  return params.members.some((m) => inboxes.has(m.inbox) && !params.revoked.has(m.installation));
}

type SuperAdmins = { readonly members: readonly Member[]; readonly inboxes: readonly InboxId[] };

/**
 * True unless a change takes away the last super admin with an active installation, or the last such super admin who is
 * not leaving.
 */
export function keepsSuperAdmin(params: {
  readonly before: SuperAdmins;
  readonly after: SuperAdmins;
  readonly revoked: ReadonlySet<InstallationKey>;
  readonly leavers: ReadonlySet<InboxId>;
}): boolean {
  const { before, after, revoked, leavers } = params;
  const staying = ({ members, inboxes }: SuperAdmins): SuperAdmins => ({
    members,
    inboxes: inboxes.filter((inbox) => !leavers.has(inbox)),
  });
  const keeps = (had: SuperAdmins, has: SuperAdmins) =>
    !hasActive({ ...had, revoked }) || hasActive({ ...has, revoked });
  return keeps(before, after) && keeps(staying(before), staying(after));
}

/**
 * Tells who may promote if revocations left no active super admin: every active admin or, if there is none, the inbox
 * of the first active leaf. (The tree does not tell who has been a member for longest, and a member who joined late
 * could not know; all members agree on the order of leaves.) Nobody may promote while a super admin is on its way back.
 */
export function mayPromote(params: Roster & { by: InboxId; block?: number }): boolean {
  const { context, members, revoked, by, block = 0 } = params;
  if (hasActive({ members, revoked, inboxes: context.superAdmins })) return false;
  const awaited = awaitedMembers({ context, members, block });
  if (awaited.some(({ inbox }) => context.superAdmins.includes(inbox))) return false;
  if (hasActive({ members, revoked, inboxes: context.admins })) return context.admins.includes(by);
  return members.find((m) => !revoked.has(m.installation))?.inbox === by;
}
