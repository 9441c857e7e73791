import { randomBytes } from "#crypto";
import type { GroupContext } from "../../wire/groupContext.ts";
import type { InboxId } from "../../wire/ids.ts";
import { LATE_COMMITS, LATE_SECONDS, ROTATION_INTERVAL_BLOCKS } from "../../wire/limits.ts";
import type { Role } from "./roleOf.ts";

const SALT_BYTES = 32;

/** The context of a new group: its creator is the one super admin. */
export function firstContext(params: { name: string; creator: InboxId }): GroupContext {
  return {
    name: params.name,
    salt: randomBytes(SALT_BYTES),
    superAdmins: [params.creator],
    admins: [],
    lateCommits: LATE_COMMITS,
    lateSeconds: LATE_SECONDS,
    rotationIntervalBlocks: ROTATION_INTERVAL_BLOCKS,
  };
}

export function contextAfterRename(params: { context: GroupContext; name: string }): GroupContext {
  return { ...params.context, name: params.name };
}

/** @param gone the inboxes that lose their last leaf, see `inboxesGone` */
export function contextAfterRemove(params: {
  context: GroupContext;
  gone: ReadonlySet<InboxId>;
}): GroupContext {
  const { context, gone } = params;
  return {
    ...context,
    salt: randomBytes(SALT_BYTES),
    superAdmins: context.superAdmins.filter((inbox) => !gone.has(inbox)),
    admins: context.admins.filter((inbox) => !gone.has(inbox)),
  };
}

export function contextAfterRole(params: {
  context: GroupContext;
  inbox: InboxId;
  role: Role;
}): GroupContext {
  const { context, inbox, role } = params;
  const others = (list: readonly InboxId[]) => list.filter((id) => id !== inbox);
  const superAdmins = others(context.superAdmins);
  const admins = others(context.admins);
  if (role === "super-admin") superAdmins.push(inbox);
  if (role === "admin") admins.push(inbox);
  return { ...context, superAdmins: superAdmins.sort(), admins: admins.sort() };
}
