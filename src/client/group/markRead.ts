import { countOf } from "../../reconciler/branch/deadRuns.ts";
import type { GroupView } from "../../reconciler/view/viewOfGroup.ts";
import type { NodeId } from "../../wire/ids.ts";
import type { Group } from "./group.ts";

/**
 * Notes that a group holds what its node has told up to the head to which it is read. Nothing is noted of a group that
 * a page has taken further than the node's heads have come: what it holds was not told as of that head.
 */
export function markRead({ group, node }: { group: Group; node: NodeId }): void {
  const { view, processed } = group;
  const isPast = (view.newest?.block.number ?? 0) > processed.number;
  group.read = isPast ? undefined : { node, head: processed.hash, held: heldOf(view) };
}

/**
 * True if a group still holds just what the serving node has told up to the head to which it is read. Otherwise what it
 * holds and that head are of two moments: no node has claimed both, and a witness would deny it.
 */
export function isAsRead({ read, caughtUpBy, processed, view }: Group): boolean {
  return read?.node === caughtUpBy && read?.head === processed.hash && read.held === heldOf(view);
}

function heldOf({ entries, dead, newest }: GroupView): string {
  const counted = [...dead.values()].reduce((sum, runs) => sum + countOf(runs), 0);
  return `${entries.size + counted} ${newest?.block.hash} ${newest?.logIndex}`;
}
