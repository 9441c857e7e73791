import type { EntryId, Hex, InboxId } from "../../wire/ids.ts";
import { failed, type Intent, isOpen, isOrdered } from "../records/intent.ts";
import type { HeadId } from "../records/records.ts";

/** What an entry that became the head means to open intents. */
export type AdoptedChange = {
  readonly entry: EntryId;
  /** Inboxes that are members now and were not before, and the reverse. */
  readonly joined: ReadonlySet<InboxId>;
  readonly gone: ReadonlySet<InboxId>;
  /**
   * The intent for which the entry was written, if it is this client's own: also if something else was tried for that
   * intent since.
   */
  readonly own?: Hex | undefined;
  /** Descendants of the entry that a reorganization took and that may land again. */
  readonly returning?: ReadonlySet<HeadId>;
};

/**
 * Tells what an adopted entry means to an open intent: the intent's own commit has landed, or another entry was first.
 * A commit that lost is built again on the new head if the reason for it still holds. What others have done meanwhile
 * is taken off the intent, so nothing is done twice.
 */
export function foldEntry(params: { intent: Intent; change: AdoptedChange }): Intent {
  const { intent, change } = params;
  const { progress } = intent;
  if (!isOpen(intent) || !isOrdered(intent) || progress.kind === "landed") return intent;
  const isOwn = change.own === intent.id || (progress.kind === "staged" && progress.entry === change.entry);
  const remaining = remainingAfter(intent, change);
  if (isOwn) return landedBy({ ...intent, remaining }, change.entry);
  if (progress.kind === "staged" && isBuiltOn(progress.parent, change)) return { ...intent, remaining };
  const lost = progress.kind === "staged";
  const next: Intent = {
    ...intent,
    remaining,
    progress: { kind: "queued" },
    racesLost: intent.racesLost + (lost && !wasStale(intent) ? 1 : 0),
    rebased: intent.rebased + (lost ? 1 : 0),
    attempts: lost ? intent.attempts + 1 : intent.attempts,
  };
  if (remaining?.length !== 0 || !hasMembers(intent)) return next;
  return next.landed.length > 0 ? { ...next, progress: { kind: "landed" } } : failed(next, "already-done");
}

/** True if the commit is built on this entry or on an entry that comes back after it. */
function isBuiltOn(parent: HeadId, { entry, returning }: AdoptedChange): boolean {
  return parent === entry || returning?.has(parent) === true;
}

/** Computes an intent whose own commit was adopted: the whole of it, or one part of a large addition. */
function landedBy(intent: Intent, entry: EntryId): Intent {
  const isWhole = !hasMembers(intent) || intent.remaining?.length === 0;
  return {
    ...intent,
    landed: [...intent.landed, entry],
    attempts: 0,
    progress: isWhole ? { kind: "landed" } : { kind: "queued" },
  };
}

/** True for intents that are done when nobody remains to be added or removed. */
function hasMembers({ action, remaining }: Intent): boolean {
  return (
    action.kind === "add" || action.kind === "remove" || (action.kind === "create" && remaining !== undefined)
  );
}

function remainingAfter(intent: Intent, { joined, gone }: AdoptedChange): readonly InboxId[] | undefined {
  const { action, remaining } = intent;
  const done = action.kind === "remove" ? gone : joined;
  return remaining?.filter((inbox) => !done.has(inbox));
}

function wasStale({ progress }: Intent): boolean {
  return progress.kind === "staged" && progress.needsChildren > 0 && progress.submitted === undefined;
}
