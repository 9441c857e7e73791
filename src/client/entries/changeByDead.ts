import type { BranchStep } from "../../reconciler/branch/branch.ts";
import { countDead, HANGING } from "../../reconciler/branch/deadRuns.ts";
import { type ReceivedEntry, recordOf } from "../../reconciler/branch/recordOf.ts";
import { isInTime } from "../../reconciler/entries/judgeAppeal.ts";
import { decisiveChild } from "../../reconciler/view/decisiveChild.ts";
import { parentOfDead } from "../../reconciler/view/parentOfDead.ts";
import type { GroupView } from "../../reconciler/view/viewOfGroup.ts";
import type { Entry } from "../../wire/chainEntry.ts";
import type { InstallationKey } from "../../wire/ids.ts";
import type { GroupChange } from "../group/changeGroup.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";

/**
 * How many dead children of one entry are kept, so that what was sealed to them is told from what is sealed to heads
 * that are not read yet.
 */
const MAX_DEAD_KEPT = 16;
/**
 * How many dead entries are kept by a client that may be on a branch which the others refuse: their entries look dead
 * to it.
 */
const MAX_DEAD_KEPT_BY_NEWCOMERS = 1024;

/**
 * Computes what reading an entry that counts for nothing changes. Whoever once had the keys of an epoch can write such
 * entries without end, so they are counted for their parent, which tells whether a node leaves any out, and mostly not
 * kept.
 */
export function changeByDead(params: {
  core: CoreParts<"finalityBlocks" | "self">;
  group: Group;
  entry: ReceivedEntry;
}): GroupChange {
  const { core, group, entry } = params;
  const { view } = group;
  // What no witness has agreed to is kept until one does, or it is dropped again.
  if (entry.isProvisional || keepsRecord({ view, entry, self: core.self.installation.key }))
    return { entries: [recordOf(entry, { kind: "dead" })] };
  const parent = parentOfDead(view, entry);
  const runs = view.dead.get(parent) ?? [];
  const { finalityBlocks } = core;
  return { dead: new Map([[parent, countDead({ runs, entry, parent, finalityBlocks })]]) };
}

/**
 * True for a dead entry that is kept: a few siblings of an entry that may still be voided, and many entries where
 * another branch may be the right one.
 */
function keepsRecord(params: { view: GroupView; entry: Entry; self: InstallationKey }): boolean {
  const { view, entry, self } = params;
  const { children, entries, dead } = view;
  const { parent, block } = entry;
  if (parentOfDead(view, entry) === HANGING || dead.has(parent)) return false;
  if (mayBeElsewhere(view, self)) return entries.size - view.branch.steps.length < MAX_DEAD_KEPT_BY_NEWCOMERS;
  const contested = decisiveChild({ children, parent });
  const isOpen = contested !== undefined && isInTime({ contested, block: block.number });
  return isOpen && (children.get(parent)?.length ?? 0) < MAX_DEAD_KEPT;
}

/** True if this client is no member now, or joined by an entry on which nobody else has built. */
function mayBeElsewhere({ record, branch }: GroupView, self: InstallationKey): boolean {
  if (record.status !== "member") return true;
  const isOwn = ({ entry }: BranchStep) =>
    entry?.verdict.kind === "adopted" && entry.verdict.writer.installation === self;
  return record.start.epoch > 0 && branch.steps.slice(1).every(isOwn);
}
