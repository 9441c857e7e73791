import type { Owed } from "../../reconciler/policy/membership.ts";
import type { EntryRecord, HeadId } from "../../reconciler/records/records.ts";
import type { Verdict, VoidReason } from "../../reconciler/records/verdict.ts";
import type { EntryId } from "../../wire/ids.ts";
import { changeGroup, type GroupChange } from "../group/changeGroup.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { mergeChanges } from "../group/mergeChanges.ts";
import { giveUpVanished } from "./giveUpVanished.ts";
import { undoEntries } from "./rollBackGroup.ts";

/**
 * Voids an entry that members followed, and its descendants: all members go back to its parent, and the first commit
 * that comes after `by` and is adopted is the next head. What lies between is dead: where `by` stands is the same for
 * all, so nobody has to read again. Call it from within the group's queue.
 */
export async function voidEntry(params: {
  core: ChangingCore & CoreParts<"finalityBlocks" | "inboxes">;
  group: Group;
  contested: EntryRecord;
  reason: VoidReason;
  by: EntryId;
  /** What the entry has decided: only a commit that repeats it is adopted in its place. */
  owed: Owed;
  /** What the request or evidence changes by itself. */
  change: GroupChange;
}): Promise<void> {
  const { core, group, contested, reason, by, owed, change } = params;
  const undone = countedFrom({ entries: group.view.entries, first: contested });
  core.logger.warn({ group: group.id, entry: contested.id, reason, undone: undone.length }, "voided");
  const undo = await undoEntries({ core, group, undone, isGone: false });
  const verdictOn = ({ id }: EntryRecord): Verdict =>
    id === contested.id ? { kind: "void", reason, by, owed } : { kind: "void", reason, by };
  const entries = undone.map((entry) => ({ ...entry, verdict: verdictOn(entry) }));
  // That the group has changed is told once.
  await changeGroup({ core, group, change: mergeChanges(undo, { entries }, { ...change, events: [] }) });
  await giveUpVanished({ core, group, isOver: true });
}

/** Lists the entry and its descendants that count, in the order of the chain. */
function countedFrom(params: {
  entries: ReadonlyMap<HeadId, EntryRecord>;
  first: EntryRecord;
}): EntryRecord[] {
  const { entries, first } = params;
  const counted = new Map<HeadId, EntryRecord>([[first.id, first]]);
  for (const entry of entries.values()) {
    const { kind } = entry.verdict;
    const counts = kind === "adopted" || kind === "control" || kind === "cut-off";
    if (counts && counted.has(entry.parent)) counted.set(entry.id, entry);
  }
  return [...counted.values()];
}
