import { equalBytes } from "../../crypto/equalBytes.ts";
import type { GroupContext, GroupContextReading } from "../../wire/groupContext.ts";
import type { InboxId, InstallationKey } from "../../wire/ids.ts";
import { MAX_MEMBERS, REGISTRY_WINDOW_BLOCKS } from "../../wire/limits.ts";
import { inboxesGone } from "./inboxesGone.ts";
import type { CommitRefusal } from "./reasons.ts";
import {
  keepsSuperAdmin,
  type Member,
  mayPromote,
  mayRemove,
  type Roster,
  returningInboxes,
  roleOf,
} from "./roleOf.ts";

/**
 * Who wrote an entry and when. Every fact is ordered by the chain, so that all members judge alike; where it lies in
 * earlier entries, it counts back to the branch's last Add only, since who joined by that cannot know older ones.
 */
export type EntryFacts = Roster & {
  /** `context`, `members`: of the parent's epoch. `revoked`: by the end of the block before the entry's own. */
  readonly writer: Member;
  /** The entry's own block. */
  readonly block: number;
  /** The block that the entry names. */
  readonly registryBlock: number;
  /** Inboxes whose Leave was adopted on this branch since its last Add. */
  readonly leavers: ReadonlySet<InboxId>;
};

export type CommitFacts = EntryFacts & {
  /** The proposed group context; undefined if the commit proposes none. */
  readonly after: GroupContextReading | undefined;
  /** `active`: listed by the registry at the end of `registryBlock`, or of the entry's own block if that is earlier. */
  readonly adds: readonly (Member & { readonly active: boolean })[];
  readonly removes: readonly Member[];
  /** The block of the last commit by the writer's inbox that was adopted on this branch since its last Add. */
  readonly lastCommitBlock: number | undefined;
  /** Installations that asked, on this branch since its last Add, to be removed and added again: they cannot follow. */
  readonly stranded: ReadonlySet<InstallationKey>;
};

export type Judgement =
  | { readonly kind: "permitted" }
  | { readonly kind: "refused"; readonly reason: CommitRefusal }
  /** Permitted, and this client is too old to go on: pause. */
  | { readonly kind: "newer-version"; readonly version: number };

type Facts = CommitFacts & { readonly next: GroupContext };

/** The default policy as validity (docs/protocol.md): whether a well-formed commit counts. Pure. */
export function judgeCommit(facts: CommitFacts): Judgement {
  const { after, context } = facts;
  const refusal = refuseWriter(facts);
  if (refusal) return { kind: "refused", reason: refusal };
  if (after?.kind === "malformed") return { kind: "refused", reason: "malformed-context" };
  if (after?.kind === "newer-version") {
    return roleOf({ context, inbox: facts.writer.inbox }) === "super-admin"
      ? { kind: "newer-version", version: after.version }
      : { kind: "refused", reason: "not-permitted" };
  }
  const all = { ...facts, next: after?.context ?? context };
  const reason = refuseAdds(all) ?? refuseRemoves(all) ?? refuseContext(all) ?? refuseHaste(all);
  return reason ? { kind: "refused", reason } : { kind: "permitted" };
}

/** What commits and controls have in common. */
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
  const { context, members, adds, writer } = facts;
  const known = new Set(members.map((m) => m.installation));
  for (const add of adds) {
    if (known.has(add.installation)) return "already-a-member";
    known.add(add.installation);
    if (!add.active) return "inactive-installation";
  }
  const isAdmin = roleOf({ context, inbox: writer.inbox }) !== "member";
  if (!isAdmin && !addsAreUpkeep(facts)) return "not-permitted";
  const count = members.length + adds.length - facts.removes.length;
  return count > MAX_MEMBERS ? "too-many-members" : undefined;
}

function refuseRemoves(facts: Facts): CommitRefusal | undefined {
  const { context, members, removes, writer, next } = facts;
  if (removes.length === 0) return undefined;
  const by = writer.inbox;
  const allowed = removes.every(
    (target) => isUpkeep(facts, target) || mayRemove({ context, by, target: target.inbox }),
  );
  if (!allowed) return "not-permitted";
  if (equalBytes(context.salt, next.salt)) return "salt-not-renewed";
  if (next.name !== context.name || !equalLimits(next, context)) return "not-only-removed";
  const keeps = (comesBack: (target: Member) => boolean): boolean => {
    const gone = inboxesGone({ members, removes: removes.filter((target) => !comesBack(target)) });
    const without = (list: readonly InboxId[]) => list.filter((inbox) => !gone.has(inbox));
    return (
      equalLists(next.superAdmins, without(context.superAdmins)) &&
      equalLists(next.admins, without(context.admins))
    );
  };
  const isRight =
    keeps((target) => isRepair(facts, target)) ||
    keeps(({ installation }) => facts.stranded.has(installation));
  return isRight ? undefined : "not-only-removed";
}

function refuseContext(facts: Facts): CommitRefusal | undefined {
  const { context, next, members, revoked, removes, writer, leavers } = facts;
  if (removes.length === 0) {
    const role = roleOf({ context, inbox: writer.inbox });
    if (!equalBytes(context.salt, next.salt)) return "salt-changed";
    if (next.name !== context.name && role === "member") return "not-permitted";
    if (!equalLimits(next, context) && role !== "super-admin") return "not-permitted";
    const refusal = refuseRoles(facts);
    if (refusal) return refusal;
  }
  // Who is removed to be added again is not gone.
  const returning = removes.filter(({ installation }) => facts.stranded.has(installation));
  const keepsOne = keepsSuperAdmin({
    before: { members, inboxes: context.superAdmins },
    after: { members: [...membersAfter(facts), ...returning], inboxes: next.superAdmins },
    ...{ revoked, leavers },
  });
  return keepsOne ? undefined : "last-super-admin";
}

function refuseRoles(facts: Facts): CommitRefusal | undefined {
  const { context, next, writer } = facts;
  const listed = new Set([...context.superAdmins, ...context.admins, ...next.superAdmins, ...next.admins]);
  const changed = [...listed].filter(
    (inbox) => roleOf({ context, inbox }) !== roleOf({ context: next, inbox }),
  );
  if (changed.length === 0) return undefined;
  if (roleOf({ context, inbox: writer.inbox }) !== "super-admin") {
    const onlyPromotes = changed.every((inbox) => next.superAdmins.includes(inbox));
    if (!onlyPromotes || !mayPromote({ ...facts, by: writer.inbox })) return "not-permitted";
  }
  const present = new Set(membersAfter(facts).map((m) => m.inbox));
  const strangers = changed.some(
    (inbox) => roleOf({ context: next, inbox }) !== "member" && !present.has(inbox),
  );
  return strangers ? "role-of-a-stranger" : undefined;
}

/** Whoever is no admin waits between its commits, so that nobody freezes a group; what it adds or removes is upkeep. */
function refuseHaste(facts: Facts): CommitRefusal | undefined {
  const { context, writer, adds, removes, lastCommitBlock, block } = facts;
  const earliest = earliestCommitBlock({ context, inbox: writer.inbox, lastCommitBlock });
  return adds.length + removes.length === 0 && block < earliest ? "too-soon" : undefined;
}

/** The first block in which the inbox may commit anything but upkeep; 0 if it need not wait. */
export function earliestCommitBlock(params: {
  context: GroupContext;
  inbox: InboxId;
  lastCommitBlock: number | undefined;
}): number {
  const { context, inbox, lastCommitBlock } = params;
  if (lastCommitBlock === undefined || roleOf({ context, inbox }) !== "member") return 0;
  return lastCommitBlock + context.rotationIntervalBlocks;
}

/** Anyone may add the active installations of the group's inboxes, and of those that are to be added again. */
function addsAreUpkeep(facts: CommitFacts): boolean {
  const { members, adds, leavers, stranded } = facts;
  const inboxes = new Set([...members.map((m) => m.inbox), ...returningInboxes(facts)]);
  return adds.every(
    (add) => stranded.has(add.installation) || (inboxes.has(add.inbox) && !leavers.has(add.inbox)),
  );
}

/** Anyone may remove revoked leaves, leavers, and those that asked for it. */
function isUpkeep({ revoked, leavers, stranded }: CommitFacts, target: Member): boolean {
  return revoked.has(target.installation) || leavers.has(target.inbox) || stranded.has(target.installation);
}

/** Removed by one who could not remove it against its will: its roles have to stay, for it comes back. */
function isRepair(facts: CommitFacts, target: Member): boolean {
  const { context, writer, stranded } = facts;
  return stranded.has(target.installation) && !mayRemove({ context, by: writer.inbox, target: target.inbox });
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
