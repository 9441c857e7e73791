import type { EntryId, InboxId } from "../../wire/ids.ts";
import type { EntryRecord, GroupRecord, HeadId, Heard } from "../records/records.ts";
import type { Branch, BranchStep } from "./branch.ts";

/**
 * So many inboxes have to be heard after an Add: then whoever came in has heard one that is neither its own nor that of
 * whoever signed its Welcome, which need not be the author's.
 */
const ENOUGH = 3;
/** How often a member confirms one Add: whoever asks without need has nobody answer without end. */
const MAX_CONFIRMATIONS = 3;

/** The lineage of an entry does not change. */
const known = new WeakMap<EntryRecord, boolean>();

/**
 * True if some entry on the way to this one has an earlier sibling: then whoever joined by it can't tell whether the
 * others adopted that way or another, as they can where each entry is the first child of its parent.
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

/** True if a member could be heard as the second one: neither this client, nor its inviter, nor one that leaves. */
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

/** The branch's last Add, by which its newest members came in; of a newcomer the entry that it began with. */
export function lastAddOf({ steps }: Branch): (BranchStep & { readonly entry: EntryRecord }) | undefined {
  const step = steps.findLast(
    ({ entry }) =>
      entry?.verdict.kind === "before-start" ||
      (entry?.verdict.kind === "adopted" && entry.verdict.adds.length > 0),
  );
  return step?.entry && { ...step, entry: step.entry };
}

/** Who can show best to those who came in by an entry that others follow it: neither its author nor they themselves. */
export function isWitnessOf({ entry, inbox }: { entry: EntryRecord; inbox: InboxId }): boolean {
  const { verdict } = entry;
  if (verdict.kind !== "adopted") return false;
  return inbox !== verdict.writer.inbox && verdict.adds.every((add) => add.inbox !== inbox);
}

/** Who was heard since the branch's last Add. */
export function heardSince({ record, branch }: { record: GroupRecord; branch: Branch }): Heard | undefined {
  const last = lastAddOf(branch);
  if (!last) return undefined;
  const since = last.head as EntryId;
  return record.heard?.since === since ? record.heard : { since, by: [], own: 0 };
}

/** Whether it helps those who came in if this member says that it is there. */
export function isHearingOwed({ by, own }: Heard, self: InboxId): boolean {
  return by.length < ENOUGH && own < MAX_CONFIRMATIONS && !by.includes(self);
}

/**
 * The record of a group once a member was heard in an epoch of the branch: this client may speak if it was waiting for a
 * second member, also if the entry that brought it in lands again; and for the last Add it is known who was heard since.
 * `undefined`: as before.
 */
export function heardRecord(params: {
  record: GroupRecord;
  branch: Branch;
  inbox: InboxId;
  /** Of the epoch that the member spoke in. */
  head: HeadId;
  self: InboxId;
  /** It said no more than that it is there. */
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
 * Whoever came in by the Add and confirms it though that is not owed any more has heard nobody: the confirmations that
 * there were are pruned by now, or were too late for it. So others have to be heard again, after that one.
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

/** What a member whom the same entry brings in again keeps: whether it has heard another, or has judged the entry. */
export function unheardAgain(record: GroupRecord, start: HeadId): false | undefined {
  return record.isUnheard === false && record.start.head === start ? false : undefined;
}
