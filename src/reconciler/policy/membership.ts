import type { GroupContext, Returning } from "../../wire/groupContext.ts";
import type { InboxId, InstallationKey } from "../../wire/ids.ts";
import {
  MAX_INSTALLATIONS_PER_INBOX,
  MAX_REPAIRS_PER_COMMIT,
  MAX_RETURNING,
  RETURNING_VERSION,
  UPKEEP_DISTANCE_BLOCKS,
} from "../../wire/limits.ts";
import { closedKindOf, isMeant } from "./closed.ts";
import { inboxesGone } from "./inboxesGone.ts";
import { awaitedMembers, isLive } from "./returning.ts";
import { type Member, type Role, roleOf } from "./roleOf.ts";

/**
 * The rules of who is removed and who comes back, for those who judge commits, those who look for upkeep and those who
 * build commits. A Remove is either a repair or a decision. A repair lists its leaf in the group context (`returning`)
 * and has to be asked for; after a decision the inbox is out and not listed. All of it is pure, and follows from the
 * parent's epoch, the commit itself and the chain.
 */
export type Standing = {
  readonly context: GroupContext;
  readonly members: readonly Member[];
  /** The members' installations that the registry has revoked. */
  readonly revoked: ReadonlySet<InstallationKey>;
  /** Inboxes whose Leave counts. */
  readonly leavers: ReadonlySet<InboxId>;
  /** Installations whose request is good for the leaf that they have now. */
  readonly stranded: { has(installation: InstallationKey): boolean };
  /** The decisions of a void entry: they stay in force. */
  readonly owed?: Owed | undefined;
  readonly block: number;
};

/** Removals and demotions of an entry that was voided: only a commit that repeats them is adopted in its place. */
export type Owed = {
  readonly removes: readonly Member[];
  /** These inboxes may have no higher role afterwards. */
  readonly roles: readonly { readonly inbox: InboxId; readonly role: Role }[];
};

const ranks: Record<Role, number> = { member: 0, admin: 1, "super-admin": 2 };

/** Tells why a leaf may not be taken out in order to be added again; `undefined` if any member may do so. */
export function refuseRepair(
  { context, revoked, leavers, stranded, owed, block }: Standing,
  { inbox, installation }: Member,
): "not-permitted" | "too-soon" | undefined {
  const isOut = revoked.has(installation) || leavers.has(inbox) || isOwed(owed, { inbox, installation });
  if (isOut || !stranded.has(installation)) return "not-permitted";
  const listed = context.returning.find((one) => one.installation === installation);
  return listed && isLive(listed, block) ? "too-soon" : undefined;
}

/**
 * True if any member may remove the leaf: it is revoked, its inbox leaves, or its removal is owed. Each of these
 * Removes is a decision.
 */
export function isUpkeepRemoval({ revoked, leavers, owed }: Standing, target: Member): boolean {
  return revoked.has(target.installation) || leavers.has(target.inbox) || isOwed(owed, target);
}

function isOwed(owed: Owed | undefined, { installation }: Member): boolean {
  return owed?.removes.some((one) => one.installation === installation) === true;
}

/**
 * True if any member may add the installation: it is active and belongs to one of the group's inboxes, or it is
 * awaited. A closed group's inboxes are those that it is meant for, also while they have no leaf.
 */
export function isUpkeepAdd(standing: Standing, { inbox, installation }: Member): boolean {
  const { context, members, leavers } = standing;
  if (leavers.has(inbox)) return false;
  if (closedKindOf(context)) return isMeant(context, inbox);
  const isInside = members.some((one) => one.inbox === inbox);
  return isInside || awaitedMembers(standing).some((one) => one.installation === installation);
}

/** Tells how many more leaves an inbox may have: places of installations that are awaited are kept for them. */
export function roomOfInbox(standing: Standing, inbox: InboxId): number {
  const isOf = (one: { inbox: InboxId }) => one.inbox === inbox;
  const taken = standing.members.filter(isOf).length + awaitedMembers(standing).filter(isOf).length;
  return Math.max(0, MAX_INSTALLATIONS_PER_INBOX - taken);
}

/** Finds the first block in which a plain member's upkeep may land; 0 for members with a role. */
export function earliestUpkeepBlock(params: {
  context: GroupContext;
  inbox: InboxId;
  /** The block of the inbox's last commit since the branch's last Add. */
  lastCommitBlock: number | undefined;
  /** The block of the branch's last Add, whoever wrote it. */
  lastAddBlock: number | undefined;
}): number {
  const { context, inbox, lastCommitBlock, lastAddBlock } = params;
  if (roleOf({ context, inbox }) !== "member") return 0;
  const blocks = [lastCommitBlock, lastAddBlock].filter((block) => block !== undefined);
  return blocks.length === 0 ? 0 : Math.max(...blocks) + UPKEEP_DISTANCE_BLOCKS;
}

/** How a commit changes the list, told from the contexts before and after it. */
export type ReturningChange = {
  readonly listed: readonly Returning[];
  /** The removed leaves that the commit lists. */
  readonly repaired: readonly Member[];
  /** Inboxes that lose a leaf by a decision. */
  readonly decided: ReadonlySet<InboxId>;
  /** Listings that still counted and that the commit takes off. */
  readonly unlisted: readonly Returning[];
};

export function changeOfReturning(params: {
  context: GroupContext;
  next: GroupContext;
  removes: readonly Member[];
  block: number;
}): ReturningChange {
  const { context, next, removes, block } = params;
  const listed = next.returning.filter((one) => !isIn(context, one));
  const repaired = removes.filter(({ installation }) =>
    listed.some((one) => one.installation === installation),
  );
  const decided = new Set(removes.filter((one) => !repaired.includes(one)).map(({ inbox }) => inbox));
  const unlisted = context.returning.filter((one) => isLive(one, block) && !isIn(next, one));
  return { listed, repaired, decided, unlisted };
}

function isIn({ returning }: GroupContext, { installation, inbox, block }: Returning): boolean {
  return returning.some(
    (one) => one.installation === installation && one.inbox === inbox && one.block === block,
  );
}

/**
 * Lists the inboxes that are out after a commit: those that lose their last leaf by a decision, and those that the
 * commit only takes off the list.
 */
export function inboxesOut(params: {
  members: readonly Member[];
  removes: readonly Member[];
  change: Pick<ReturningChange, "decided" | "unlisted">;
}): Set<InboxId> {
  const { members, removes, change } = params;
  const gone = [...inboxesGone({ members, removes })].filter((inbox) => change.decided.has(inbox));
  const staying = new Set(members.map(({ inbox }) => inbox));
  const unlisted = change.unlisted.map(({ inbox }) => inbox).filter((inbox) => !staying.has(inbox));
  return new Set([...gone, ...unlisted]);
}

/**
 * Computes the list of returning members after a commit, in the only form that is adopted; listings that no longer
 * count are left out.
 */
export function returningAfter(params: {
  context: GroupContext;
  decided: ReadonlySet<InboxId>;
  repaired: readonly Member[];
  block: number;
}): Returning[] {
  const { context, decided, repaired, block } = params;
  const anew = new Set(repaired.map(({ installation }) => installation));
  const kept = context.returning.filter(
    (one) => isLive(one, block) && !decided.has(one.inbox) && !anew.has(one.installation),
  );
  const listed = repaired.map(({ inbox, installation }) => ({ installation, inbox, block }));
  return [...kept, ...listed].sort((a, b) => (a.installation < b.installation ? -1 : 1));
}

/** Lists the members who may be repaired now, as many as the list has room for. */
export function repairable(standing: Standing): Member[] {
  if (standing.context.version < RETURNING_VERSION) return [];
  const room = MAX_RETURNING - standing.context.returning.filter((one) => isLive(one, standing.block)).length;
  return standing.members
    .filter((member) => refuseRepair(standing, member) === undefined)
    .slice(0, Math.min(MAX_REPAIRS_PER_COMMIT, Math.max(0, room)));
}

/** Lists a commit's decisions that stay in force if the commit is voided. */
export function decisionsOf(params: {
  context: GroupContext;
  next: GroupContext;
  removes: readonly Member[];
  block: number;
}): Owed {
  const { context, next, removes } = params;
  const { repaired } = changeOfReturning(params);
  const decided = removes.filter((one) => !repaired.includes(one));
  const gone = new Set(decided.map(({ inbox }) => inbox));
  const roles = [...context.superAdmins, ...context.admins].flatMap((inbox) => {
    const role = roleOf({ context: next, inbox });
    return isLower(role, roleOf({ context, inbox })) && !gone.has(inbox) ? [{ inbox, role }] : [];
  });
  return { removes: decided, roles };
}

/** Merges everything that is owed if several entries were voided. */
export function mergeOwed(owed: readonly Owed[]): Owed {
  const removes = new Map(owed.flatMap((one) => one.removes).map((one) => [one.installation, one]));
  const roles = new Map<InboxId, Role>();
  for (const { inbox, role } of owed.flatMap((one) => one.roles)) {
    const known = roles.get(inbox);
    if (known === undefined || isLower(role, known)) roles.set(inbox, role);
  }
  return { removes: [...removes.values()], roles: [...roles].map(([inbox, role]) => ({ inbox, role })) };
}

/** True if a commit repeats all that is owed. */
export function repeats(params: {
  owed: Owed;
  members: readonly Member[];
  next: GroupContext;
  removes: readonly Member[];
  repaired: readonly Member[];
}): boolean {
  const { owed, members, next, removes, repaired } = params;
  const decided = new Set(
    removes.filter((one) => !repaired.includes(one)).map(({ installation }) => installation),
  );
  const present = owed.removes.filter((one) => members.some((m) => m.installation === one.installation));
  return (
    present.every(({ installation }) => decided.has(installation)) &&
    owed.roles.every(({ inbox, role }) => !isLower(role, roleOf({ context: next, inbox })))
  );
}

export function isLower(role: Role, than: Role): boolean {
  return ranks[role] < ranks[than];
}
