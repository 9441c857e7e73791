import { equalBytes } from "../../crypto/equalBytes.ts";
import { areOthersEqual, readDisappearing } from "../../wire/disappearing.ts";
import type { GroupContext, GroupContextReading } from "../../wire/groupContext.ts";
import type { InboxId, InstallationKey } from "../../wire/ids.ts";
import { MAX_MEMBERS, REGISTRY_WINDOW_BLOCKS } from "../../wire/limits.ts";
import { closedKindOf, refuseKind } from "./closed.ts";
import { judgeReturning } from "./judgeReturning.ts";
import {
  changeOfReturning,
  earliestUpkeepBlock,
  inboxesOut,
  isLower,
  isUpkeepAdd,
  isUpkeepRemoval,
  type Owed,
  type ReturningChange,
  repeats,
  roomOfInbox,
} from "./membership.ts";
import type { CommitRefusal } from "./reasons.ts";
import { awaitedMembers } from "./returning.ts";
import { keepsSuperAdmin, type Member, mayPromote, mayRemove, type Roster, roleOf } from "./roleOf.ts";

/**
 * Who wrote an entry and when. Every fact is ordered by the chain, so that all members judge alike. Facts from earlier
 * entries count back to the branch's last Add only, since members who joined by that Add can't know older ones.
 */
export type EntryFacts = Roster & {
  /**
   * `context` and `members` are those of the parent's epoch; `revoked` are the installations revoked by the end of the
   * block before the entry's own.
   */
  readonly writer: Member;
  /** The entry's own block. */
  readonly block: number;
  /** The registry block that the entry names. */
  readonly registryBlock: number;
  /** Inboxes whose Leave was adopted on this branch since its last Add. */
  readonly leavers: ReadonlySet<InboxId>;
};

export type CommitFacts = EntryFacts & {
  /** The proposed group context; undefined if the commit proposes none. */
  readonly after: GroupContextReading | undefined;
  /**
   * `active`: listed as active by the registry at the end of `registryBlock`, or of the entry's own block if that is
   * earlier.
   */
  readonly adds: readonly (Member & { readonly active: boolean })[];
  readonly removes: readonly Member[];
  /** The block of the last commit by the writer's inbox that was adopted on this branch since its last Add. */
  readonly lastCommitBlock: number | undefined;
  /** The block of the branch's last Add. */
  readonly lastAddBlock?: number | undefined;
  /** Installations whose requests the commit carries, good for the leaves that they have now: see `provenRequests`. */
  readonly stranded: ReadonlySet<InstallationKey>;
  /** The decisions of void siblings that came before. */
  readonly owed?: Owed | undefined;
};

export type Judgement =
  | { readonly kind: "permitted" }
  | { readonly kind: "refused"; readonly reason: CommitRefusal }
  /** The commit is permitted, but this client's version is too old to follow it: the group is paused. */
  | { readonly kind: "newer-version"; readonly version: number };

type Facts = CommitFacts & { readonly next: GroupContext; readonly change: ReturningChange };

const NOTHING_OWED: Owed = { removes: [], roles: [] };

/**
 * Applies the default policy, which is part of validity (docs/protocol.md, "Who may"): tells whether a well-formed
 * commit counts. Pure.
 */
export function judgeCommit(facts: CommitFacts): Judgement {
  const { after, context, removes, block } = facts;
  const refusal = refuseWriter(facts);
  if (refusal) return { kind: "refused", reason: refusal };
  if (after?.kind === "malformed") return { kind: "refused", reason: "malformed-context" };
  if (after?.kind === "newer-version") {
    return mayRaise(facts)
      ? { kind: "newer-version", version: after.version }
      : { kind: "refused", reason: "not-permitted" };
  }
  const next = after?.context ?? context;
  const all = { ...facts, next, change: changeOfReturning({ context, next, removes, block }) };
  const reason =
    refuseKind(all) ??
    refuseAdds(all) ??
    refuseRemoves(all) ??
    judgeReturning(all) ??
    refuseContext(all) ??
    refuseForgetting(all) ??
    refuseHaste(all);
  return reason ? { kind: "refused", reason } : { kind: "permitted" };
}

/** Judges the writer of an entry, commit or control alike. */
export function refuseWriter(facts: EntryFacts): CommitRefusal | undefined {
  const { writer, block, registryBlock } = facts;
  const isMember = facts.members.some(
    (m) => m.inbox === writer.inbox && m.installation === writer.installation,
  );
  if (!isMember) return "not-a-member";
  if (facts.revoked.has(writer.installation)) return "revoked";
  return registryBlock < block - REGISTRY_WINDOW_BLOCKS ? "bad-registry-block" : undefined;
}

function refuseAdds(facts: Facts): CommitRefusal | undefined {
  const { context, members, adds, removes, writer } = facts;
  const known = new Set(members.map((m) => m.installation));
  for (const add of adds) {
    if (known.has(add.installation)) return "already-a-member";
    known.add(add.installation);
    if (!add.active) return "inactive-installation";
  }
  const isAdmin = roleOf({ context, inbox: writer.inbox }) !== "member";
  if (!isAdmin && !adds.every((add) => isUpkeepAdd(facts, add))) return "not-permitted";
  const awaited = awaitedMembers(facts).filter(({ installation }) => !known.has(installation));
  const count = members.length + awaited.length + adds.length - removes.length;
  if (adds.length > 0 && count > MAX_MEMBERS) return "too-many-members";
  return hasRoom(facts) ? undefined : "too-many-installations";
}

/** True if the added installations have room; those that are awaited have their places already. */
function hasRoom(facts: Facts): boolean {
  const awaited = new Set(awaitedMembers(facts).map(({ installation }) => installation));
  const added = facts.adds.filter(({ installation }) => !awaited.has(installation));
  return [...Map.groupBy(added, ({ inbox }) => inbox)].every(
    ([inbox, some]) => some.length <= roomOfInbox(facts, inbox),
  );
}

function refuseRemoves(facts: Facts): CommitRefusal | undefined {
  const { context, members, removes, writer, next, change } = facts;
  if (removes.length === 0) return undefined;
  const by = writer.inbox;
  const allowed = removes.every(
    (target) =>
      change.repaired.includes(target) ||
      isUpkeepRemoval(facts, target) ||
      mayRemove({ context, by, target: target.inbox }),
  );
  if (!allowed) return "not-permitted";
  if (equalBytes(context.salt, next.salt)) return "salt-not-renewed";
  if (next.name !== context.name || !equalLimits(next, context)) return "not-only-removed";
  if (next.version !== context.version) return "not-only-removed";
  if (readDisappearing(next.extra) !== readDisappearing(context.extra)) return "not-only-removed";
  const gone = inboxesOut({ members, removes, change });
  const without = (list: readonly InboxId[]) => list.filter((inbox) => !gone.has(inbox));
  const isRight =
    equalLists(next.superAdmins, without(context.superAdmins)) &&
    equalLists(next.admins, without(context.admins));
  return isRight ? undefined : "not-only-removed";
}

function refuseContext(facts: Facts): CommitRefusal | undefined {
  const { context, next, removes, writer, change, revoked, leavers, owed = NOTHING_OWED } = facts;
  // A later version may have a rule for a setting that this version does not know; a super admin has to raise the
  // group's version first.
  if (!areOthersEqual(next.extra, context.extra)) return "unknown-setting";
  if (removes.length === 0) {
    const role = roleOf({ context, inbox: writer.inbox });
    if (!equalBytes(context.salt, next.salt)) return "salt-changed";
    if (next.name !== context.name && role === "member") return "not-permitted";
    const maySet = role !== "member" || closedKindOf(context) !== undefined;
    if (!equalBytes(next.extra, context.extra) && !maySet) return "not-permitted";
    if (!equalLimits(next, context) && role !== "super-admin") return "not-permitted";
    const isRaised = next.version > context.version && mayRaise(facts);
    if (next.version !== context.version && !isRaised) return "not-permitted";
    const refusal = refuseRoles(facts);
    if (refusal) return refusal;
  }
  // What is owed was permitted before, and an inbox that is removed to be added again is not gone.
  const settled = afterOwed(facts, owed);
  const keepsOne = keepsSuperAdmin({
    before: settled,
    after: { members: [...membersAfter(facts), ...change.repaired], inboxes: next.superAdmins },
    ...{ revoked, leavers },
  });
  return keepsOne ? undefined : "last-super-admin";
}

/** A super admin raises the protocol's version; where all have equal rights, anybody does. */
function mayRaise({ context, writer }: CommitFacts): boolean {
  return roleOf({ context, inbox: writer.inbox }) === "super-admin" || closedKindOf(context) !== undefined;
}

function afterOwed({ context, members }: Facts, owed: Owed) {
  const removed = new Set(owed.removes.map(({ installation }) => installation));
  const demoted = new Set(owed.roles.filter(({ role }) => role !== "super-admin").map(({ inbox }) => inbox));
  return {
    members: members.filter(({ installation }) => !removed.has(installation)),
    inboxes: context.superAdmins.filter((inbox) => !demoted.has(inbox)),
  };
}

function refuseRoles(facts: Facts): CommitRefusal | undefined {
  const { context, next, writer, owed = NOTHING_OWED, change } = facts;
  const listed = new Set([...context.superAdmins, ...context.admins, ...next.superAdmins, ...next.admins]);
  const changed = [...listed].filter(
    (inbox) => roleOf({ context, inbox }) !== roleOf({ context: next, inbox }),
  );
  if (changed.length === 0) return undefined;
  const unlisted = new Set(change.unlisted.map(({ inbox }) => inbox));
  const isOwed = (inbox: InboxId) =>
    owed.roles.some((one) => one.inbox === inbox && one.role === roleOf({ context: next, inbox }));
  const others = changed.filter((inbox) => !isOwed(inbox) && !unlisted.has(inbox));
  if (others.length > 0 && roleOf({ context, inbox: writer.inbox }) !== "super-admin") {
    const onlyPromotes = others.every((inbox) => next.superAdmins.includes(inbox));
    if (!onlyPromotes || !mayPromote({ ...facts, by: writer.inbox })) return "not-permitted";
  }
  const present = new Set(membersAfter(facts).map((m) => m.inbox));
  const strangers = changed.some(
    (inbox) =>
      !present.has(inbox) &&
      !isLower(roleOf({ context: next, inbox }), roleOf({ context, inbox })) &&
      roleOf({ context: next, inbox }) !== "member",
  );
  return strangers ? "role-of-a-stranger" : undefined;
}

function refuseForgetting({ owed, members, next, removes, change }: Facts): CommitRefusal | undefined {
  if (!owed || repeats({ owed, members, next, removes, repaired: change.repaired })) return undefined;
  return "removal-not-repeated";
}

/** A writer who is no admin has to wait after its own commits and after an Add, so that nobody freezes a group. */
function refuseHaste(facts: Facts): CommitRefusal | undefined {
  const { context, writer, adds, removes, block } = facts;
  const by = { ...facts, context, inbox: writer.inbox };
  const isUpkeep = adds.length + removes.length > 0;
  const earliest = isUpkeep
    ? earliestUpkeepBlock({ ...by, lastAddBlock: facts.lastAddBlock })
    : earliestCommitBlock(by);
  return block < earliest ? "too-soon" : undefined;
}

/** Finds the first block in which the inbox may commit anything but upkeep; 0 if it need not wait. */
export function earliestCommitBlock(params: {
  context: GroupContext;
  inbox: InboxId;
  lastCommitBlock: number | undefined;
}): number {
  const { context, inbox, lastCommitBlock } = params;
  if (lastCommitBlock === undefined || roleOf({ context, inbox }) !== "member") return 0;
  return lastCommitBlock + context.rotationIntervalBlocks;
}

function membersAfter({ members, adds, removes }: CommitFacts): Member[] {
  const removed = new Set(removes.map((m) => m.installation));
  return [...members.filter((m) => !removed.has(m.installation)), ...adds];
}

function equalLists(a: readonly InboxId[], b: readonly InboxId[]): boolean {
  return a.length === b.length && a.every((inbox, i) => inbox === b[i]);
}

function equalLimits(a: GroupContext, b: GroupContext): boolean {
  return (
    a.lateCommits === b.lateCommits &&
    a.lateSeconds === b.lateSeconds &&
    a.rotationIntervalBlocks === b.rotationIntervalBlocks
  );
}
