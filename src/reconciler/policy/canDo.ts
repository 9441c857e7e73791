import { utf8 } from "../../wire/bytes.ts";
import { areDisappearingSeconds, readDisappearing } from "../../wire/disappearing.ts";
import type { InboxId, InstallationKey } from "../../wire/ids.ts";
import { MAX_GROUP_NAME_BYTES, MAX_MEMBERS, MAX_TEXT_BYTES, RETURNING_VERSION } from "../../wire/limits.ts";
import { closedKindOf, isMeant } from "./closed.ts";
import { contextAfterRole } from "./nextContext.ts";
import type { IntentReason } from "./reasons.ts";
import { inboxesAway } from "./returning.ts";
import {
  hasActive,
  keepsSuperAdmin,
  mayPromote,
  mayRemove,
  type Role,
  type Roster,
  roleOf,
} from "./roleOf.ts";

/** What a member wants to do to a group. */
export type Wish =
  | { readonly kind: "send"; readonly text: string }
  | { readonly kind: "add"; readonly inboxes: readonly InboxId[] }
  | { readonly kind: "remove"; readonly inboxes: readonly InboxId[] }
  | { readonly kind: "rotate" }
  | { readonly kind: "rename"; readonly name: string }
  | { readonly kind: "set-disappearing"; readonly seconds: number }
  | { readonly kind: "set-role"; readonly inbox: InboxId; readonly role: Role }
  /** `author` wrote the message that is to be deleted; undefined: this client does not know the message. */
  | { readonly kind: "delete"; readonly author: InboxId | undefined }
  | { readonly kind: "leave" }
  | { readonly kind: "upkeep" };

type Params = Roster & {
  readonly inbox: InboxId;
  readonly installation: InstallationKey;
  readonly wish: Wish;
  /** Inboxes that were in the group once: the intent to remove one of these is *already done*. */
  readonly former: ReadonlySet<InboxId>;
  /** Members whose Leave counts: they are to be removed, so they may be added anew. */
  readonly leavers: ReadonlySet<InboxId>;
  /** The number of the chain's newest block. */
  readonly block?: number;
};

/**
 * Tells whether an intent can be carried out as things stand: before the first attempt, so that it fails early, and
 * again after a lost race. `undefined`: yes; otherwise the reason why not. `judgeCommit` permits every intent that this
 * lets pass.
 */
export function canDo(params: Params): IntentReason | undefined {
  const { members, inbox, installation, revoked, former, wish } = params;
  if (!members.some((m) => m.inbox === inbox && m.installation === installation)) {
    return former.has(inbox) ? "removed" : "not-a-member";
  }
  if (revoked.has(installation)) return "revoked";
  switch (wish.kind) {
    case "send":
      return utf8(wish.text).length > MAX_TEXT_BYTES ? "too-large" : undefined;
    case "rotate":
    case "upkeep":
      return undefined;
    case "add":
      return canAdd(params, wish.inboxes);
    case "remove":
      return canRemove(params, wish.inboxes);
    case "rename":
      return canRename(params, wish.name);
    case "set-disappearing":
      return canSetDisappearing(params, wish.seconds);
    case "set-role":
      return canSetRole(params, wish);
    case "delete":
      return canDelete(params, wish.author);
    case "leave":
      return canLeave(params);
  }
}

function canAdd(params: Params, inboxes: readonly InboxId[]): IntentReason | undefined {
  const { context, leavers } = params;
  const isMeantForAll = inboxes.every((inbox) => isMeant(context, inbox));
  const mayAdd = closedKindOf(context) ? isMeantForAll : role(params) !== "member";
  if (!mayAdd) return "not-permitted";
  const present = new Set(params.members.map((m) => m.inbox).filter((inbox) => !leavers.has(inbox)));
  const missing = new Set(inboxes.filter((inbox) => !present.has(inbox)));
  if (missing.size === 0) return "already-done";
  return params.members.length + missing.size > MAX_MEMBERS ? "too-many-members" : undefined;
}

function canRemove(params: Params, inboxes: readonly InboxId[]): IntentReason | undefined {
  const { context, members, inbox: by, former, leavers, revoked } = params;
  if (role(params) === "member") return "not-permitted";
  // An inbox that is awaited has no leaf, but is still a member.
  const present = new Set([...members.map((m) => m.inbox), ...inboxesAway({ context, members })]);
  if (inboxes.some((inbox) => !present.has(inbox) && !former.has(inbox))) return "unknown-member";
  const targets = inboxes.filter((inbox) => present.has(inbox));
  if (targets.length === 0) return "already-done";
  if (targets.includes(by))
    return canLeave(params) === "last-super-admin" ? "last-super-admin" : "not-permitted";
  const isAllowed = targets.every((target) => leavers.has(target) || mayRemove({ context, by, target }));
  if (!isAllowed) return "not-permitted";
  const before = { members, inboxes: context.superAdmins };
  const after = { members, inboxes: context.superAdmins.filter((id) => !targets.includes(id)) };
  return keepsSuperAdmin({ before, after, revoked, leavers }) ? undefined : "last-super-admin";
}

function canRename(params: Params, name: string): IntentReason | undefined {
  if (role(params) === "member") return "not-permitted";
  if (utf8(name).length > MAX_GROUP_NAME_BYTES) return "too-large";
  return name === params.context.name ? "already-done" : undefined;
}

function canSetDisappearing(params: Params, seconds: number): IntentReason | undefined {
  const { context } = params;
  if (role(params) === "member" && !closedKindOf(context)) return "not-permitted";
  if (context.version < RETURNING_VERSION) return "older-version";
  if (!areDisappearingSeconds(seconds)) return "too-large";
  return readDisappearing(context.extra) === seconds ? "already-done" : undefined;
}

function canSetRole(
  params: Params,
  wish: { readonly inbox: InboxId; readonly role: Role },
): IntentReason | undefined {
  const { context, members, revoked, leavers } = params;
  if (closedKindOf(context)) return "not-permitted";
  const promotes = wish.role === "super-admin" && mayPromote({ ...params, by: params.inbox });
  if (role(params) !== "super-admin" && !promotes) return "not-permitted";
  if (!members.some((m) => m.inbox === wish.inbox)) return "unknown-member";
  if (roleOf({ context, inbox: wish.inbox }) === wish.role) return "already-done";
  const before = { members, inboxes: context.superAdmins };
  const after = { members, inboxes: contextAfterRole({ context, ...wish }).superAdmins };
  return keepsSuperAdmin({ before, after, revoked, leavers }) ? undefined : "last-super-admin";
}

function canDelete(params: Params, author: InboxId | undefined): IntentReason | undefined {
  if (author === params.inbox || role(params) === "super-admin") return undefined;
  return author === undefined ? "unknown-message" : "not-permitted";
}

function canLeave(params: Params): IntentReason | undefined {
  const { context, members, revoked, inbox, leavers } = params;
  if (closedKindOf(context)) return "not-permitted";
  if (leavers.has(inbox)) return "already-done";
  if (role(params) !== "super-admin") return undefined;
  const others = context.superAdmins.filter((id) => id !== inbox && !leavers.has(id));
  return hasActive({ members, revoked, inboxes: others }) ? undefined : "last-super-admin";
}

function role({ context, inbox }: Params): Role {
  return roleOf({ context, inbox });
}
