import type { Entry } from "../../wire/chainEntry.ts";
import { compareEntries } from "../branch/compareEntries.ts";
import { isCounted, type Place } from "../branch/deadRuns.ts";
import type { DeadRun } from "../records/records.ts";
import { parentOfDead } from "../view/parentOfDead.ts";
import type { GroupView } from "../view/viewOfGroup.ts";

/**
 * Compares a page with the dead entries that were counted after the place at which the page begins. `kept` are the
 * page's other entries. `differsFrom` is the first place at which the page has other dead entries than were counted, if
 * there is one. Pure.
 */
export function compareDead(params: {
  view: GroupView;
  /** Undefined: the page begins with the group's first entry. */
  from: Place | undefined;
  entries: readonly Entry[];
  /** False: more entries come after the page, perhaps in the block of its last entry. */
  isComplete: boolean;
}): { kept: readonly Entry[]; differsFrom: Place | undefined } {
  const { view, from, entries, isComplete } = params;
  const end = isComplete ? Number.POSITIVE_INFINITY : (entries.at(-1)?.block.number ?? 0);
  const { dead } = view;
  const wasCounted = (entry: Entry) =>
    !view.entries.has(entry.id) && isCounted({ dead, parent: parentOfDead(view, entry), entry });
  const counted = entries.filter(wasCounted);
  const kept = entries.filter((entry) => !counted.includes(entry));
  const behind = [...dead.values()]
    .flat()
    .filter((run) => (!from || compareEntries(run, from) > 0) && run.block.number < end);
  const isThere = (run: DeadRun) => run.count === counted.filter((entry) => isOf(view, run, entry)).length;
  const differing = behind.filter((run) => !isThere(run)).map(({ since }) => since);
  if (differing.length === 0) return { kept, differsFrom: undefined };
  return { kept, differsFrom: { block: { number: Math.min(...differing) }, logIndex: 0 } };
}

function isOf(view: GroupView, run: DeadRun, entry: Entry): boolean {
  return run.parent === parentOfDead(view, entry) && run.block.hash === entry.block.hash;
}
