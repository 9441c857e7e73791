import { withDisappearing } from "../../wire/disappearing.ts";
import type { GroupContext } from "../../wire/groupContext.ts";
import { type ClosedKind, writeKind } from "../../wire/groupKind.ts";
import type { InboxId } from "../../wire/ids.ts";
import { LATE_COMMITS, LATE_SECONDS, PROTOCOL_VERSION, ROTATION_INTERVAL_BLOCKS } from "../../wire/limits.ts";
import { returningAfter } from "./membership.ts";
import type { Member, Role } from "./roleOf.ts";

const SALT_BYTES = 32;

/** Gives so many random bytes, which nobody can foresee. */
export type DrawBytes = (length: number) => Uint8Array;

/** Makes the context of a new group: its creator is the only super admin. */
export function firstContext(params: { name: string; creator: InboxId; drawBytes: DrawBytes }): GroupContext {
  return {
    version: PROTOCOL_VERSION,
    name: params.name,
    salt: params.drawBytes(SALT_BYTES),
    superAdmins: [params.creator],
    admins: [],
    lateCommits: LATE_COMMITS,
    lateSeconds: LATE_SECONDS,
    rotationIntervalBlocks: ROTATION_INTERVAL_BLOCKS,
    returning: [],
    extra: new Uint8Array(),
  };
}

/** Makes the context of a closed group: it has neither a name nor roles. */
export function firstClosedContext(params: { kind: ClosedKind; drawBytes: DrawBytes }): GroupContext {
  const { kind, drawBytes } = params;
  const [creator] = kind.inboxes;
  return { ...firstContext({ name: "", creator, drawBytes }), superAdmins: [], extra: writeKind(kind) };
}

export function contextAfterRename(params: { context: GroupContext; name: string }): GroupContext {
  return { ...params.context, name: params.name };
}

export function contextAfterDisappearing(params: { context: GroupContext; seconds: number }): GroupContext {
  const { context, seconds } = params;
  return { ...context, extra: withDisappearing(context.extra, seconds) };
}

/**
 * Computes the context after leaves were removed. `gone` are the inboxes that are out, see `inboxesOut`; `decided` are
 * the inboxes that lose a leaf by a decision; `repaired` are the leaves that are to come back, listed with this block.
 */
export function contextAfterRemove(params: {
  context: GroupContext;
  gone: ReadonlySet<InboxId>;
  decided?: ReadonlySet<InboxId>;
  repaired?: readonly Member[];
  block?: number;
  drawBytes: DrawBytes;
}): GroupContext {
  const { context, gone, decided = gone, repaired = [], block = 0 } = params;
  return {
    ...contextWithout(params),
    salt: params.drawBytes(SALT_BYTES),
    returning: returningAfter({ context, decided, repaired, block }),
  };
}

/** Computes the context after inboxes without a leaf were taken off all lists: nobody awaits them any more. */
export function contextWithout(params: { context: GroupContext; gone: ReadonlySet<InboxId> }): GroupContext {
  const { context, gone } = params;
  return {
    ...context,
    superAdmins: context.superAdmins.filter((inbox) => !gone.has(inbox)),
    admins: context.admins.filter((inbox) => !gone.has(inbox)),
    returning: context.returning.filter(({ inbox }) => !gone.has(inbox)),
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
