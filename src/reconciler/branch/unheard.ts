import type { EntryId, InboxId } from "../../wire/ids.ts";
import type { EntryRecord, GroupRecord, HeadId, Heard } from "../records/records.ts";
import type { Branch, BranchStep } from "./branch.ts";

/**
 * The number of inboxes that have to be heard after an Add. Then everybody who came in by it has heard an inbox that is
 * neither its own nor that of whoever signed its Welcome (who need not be the author of the Add).
 */
const ENOUGH = 3;
/** How often a member confirms one Add: so nobody who asks without need gets answers without end. */
const MAX_CONFIRMATIONS = 3;

/** The lineage of an entry does not change. */
const known = new WeakMap<EntryRecord, boolean>();

/**
 * True if the entry or one of its ancestors has an earlier sibling. Then a client that joined by the entry can't tell
 * which of the two the others adopted. Where each entry is the first child of its parent, it can.
 */
export function hasSiblings(params: {
  entry: EntryRecord;
  entries: ReadonlyMap<HeadId, EntryRecord>;
}): boolean {
  const { entry, entries } = params;
  const before = known.get(entry);
  if (before !== undefined) return before;
  let found = false;
  for (let at: EntryRecord | undefined = entry; at && !found; at = entries.get(at.parent))
    found = at.index > 0;
  known.set(entry, found);
  return found;
}

/**
 * True if some member could be the second member that this client hears: it is neither this client itself nor its
 * inviter, and does not leave.
 */
export function hasSecond(params: {
  record: Pick<GroupRecord, "inviter" | "members">;
  leavers?: ReadonlySet<InboxId>;
  self: InboxId;
}): boolean {
  const { record, leavers, self } = params;
  const { inviter, members } = record;
  return members.some((inbox) => inbox !== self && inbox !== inviter && !leavers?.has(inbox));
}

/** True while this client waits to hear a second member, and there is one. */
export function waitsToHear(params: Parameters<typeof hasSecond>[0] & { record: GroupRecord }): boolean {
  return params.record.isUnheard === true && hasSecond(params);
}

/**
 * Finds the branch's last Add, by which its newest members came in; on a newcomer's branch, the entry with which the
 * branch begins.
 */
export function lastAddOf({ steps }: Branch): (BranchStep & { readonly entry: EntryRecord }) | undefined {
  const step = steps.findLast(
    ({ entry }) =>
      entry?.verdict.kind === "before-start" ||
      (entry?.verdict.kind === "adopted" && entry.verdict.adds.length > 0),
  );
  return step?.entry && { ...step, entry: step.entry };
}

/**
 * True if the inbox can show to the members whom an entry added that others follow the entry: it belongs neither to the
 * entry's author nor to one of those members.
 */
export function isWitnessOf({ entry, inbox }: { entry: EntryRecord; inbox: InboxId }): boolean {
  const { verdict } = entry;
  if (verdict.kind !== "adopted") return false;
  return inbox !== verdict.writer.inbox && verdict.adds.every((add) => add.inbox !== inbox);
}

/** Tells which inboxes were heard since the branch's last Add. */
export function heardSince({ record, branch }: { record: GroupRecord; branch: Branch }): Heard | undefined {
  const last = lastAddOf(branch);
  if (!last) return undefined;
  const since = last.head as EntryId;
  return record.heard?.since === since ? record.heard : { since, by: [], own: 0 };
}

/** True if the members whom the last Add brought in still need a confirmation by this client. */
export function isHearingOwed({ by, own }: Heard, self: InboxId): boolean {
  return by.length < ENOUGH && own < MAX_CONFIRMATIONS && !by.includes(self);
}

/**
 * Computes a group's record after a member was heard in an epoch of the branch. This client may now speak if it was
 * waiting for a second member, also if the entry that brought it in lands again. The record names the inboxes that were
 * heard since the last Add. `undefined`: nothing changes.
 */
export function heardRecord(params: {
  record: GroupRecord;
  branch: Branch;
  inbox: InboxId;
  /** The head of the epoch in which the member spoke. */
  head: HeadId;
  self: InboxId;
  /** The message was a confirmation. */
  isConfirmation?: boolean;
}): GroupRecord | undefined {
  const { record, branch, inbox, head, self } = params;
  if (!branch.places.has(head)) return undefined;
  const isSecond = record.isUnheard !== false && inbox !== self && inbox !== record.inviter;
  const heard = heardAfter(params);
  if (!isSecond && heard === record.heard) return undefined;
  return { ...record, heard, ...(isSecond ? { isUnheard: false } : {}) };
}

/**
 * A member who came in by the Add and confirms it although enough inboxes were heard has heard nobody: the
 * confirmations are pruned by now, or came too late for it. So others have to be heard again, after that member.
 */
function heardAfter(params: Parameters<typeof heardRecord>[0]): Heard | undefined {
  const { record, branch, inbox, head, self, isConfirmation } = params;
  const last = lastAddOf(branch);
  const place = branch.places.get(head) ?? -1;
  const before = heardSince(params);
  if (!last || !before || place < (branch.places.get(last.head) ?? 0)) return record.heard;
  const { verdict } = last.entry;
  const isNew = verdict.kind === "adopted" && verdict.adds.some((add) => add.inbox === inbox);
  const isOver = before.by.length >= ENOUGH || before.by.includes(inbox);
  if (isConfirmation && isNew && isOver && inbox !== self) return { ...before, by: [inbox] };
  return isOver ? record.heard : { ...before, by: [...before.by, inbox] };
}

/**
 * Tells what a member keeps if the same entry brings it in again: whether it has heard another member, or has judged
 * the entry.
 */
export function unheardAgain(record: GroupRecord, start: HeadId): false | undefined {
  return record.isUnheard === false && record.start.head === start ? false : undefined;
}
