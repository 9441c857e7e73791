import type { EntryId, InboxId } from "../../wire/ids.ts";
import type { EntryRecord, GroupRecord, HeadId } from "../tables.ts";
import type { Branch, BranchStep } from "./branch.ts";

/** The lineage of an entry does not change. */
const known = new WeakMap<EntryRecord, boolean>();

/**
 * True if some entry on the way to this one has an earlier sibling: then whoever joined by it can't tell whether the
 * others adopted that way or another, as they can where each entry is the first below its parent.
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

/** Who may show those who came in by an entry that others follow it: neither its author nor they themselves. */
export function isWitnessOf(params: {
  entry: EntryRecord;
  inviter: InboxId | undefined;
  inbox: InboxId;
}): boolean {
  const { entry, inviter, inbox } = params;
  const { verdict } = entry;
  if (verdict.kind !== "adopted") return inbox !== inviter;
  return inbox !== verdict.writer.inbox && verdict.adds.every((add) => add.inbox !== inbox);
}

/**
 * The record of a group once a member was heard in an epoch of the branch: this client may speak if it was waiting for a
 * second member, and for the last Add it is known that those who came in by it have heard one. `undefined`: as before.
 */
export function heardRecord(params: {
  record: GroupRecord;
  branch: Branch;
  inbox: InboxId;
  /** Of the epoch that the member spoke in. */
  head: HeadId;
  self: InboxId;
}): GroupRecord | undefined {
  const { record, branch, inbox, head, self } = params;
  const place = branch.places.get(head);
  if (place === undefined) return undefined;
  const { inviter } = record;
  const isSecond = record.isUnheard === true && inbox !== self && inbox !== inviter;
  const last = lastAddOf(branch);
  const isSince = last !== undefined && place >= (branch.places.get(last.head) ?? 0);
  const confirms = isSince && isWitnessOf({ entry: last.entry, inviter, inbox });
  const confirmed = confirms ? (last.head as EntryId) : record.confirmed;
  if (!isSecond && confirmed === record.confirmed) return undefined;
  return { ...record, confirmed, ...(isSecond ? { isUnheard: undefined } : {}) };
}
