import { compareEntries } from "../../reconciler/branch/compareEntries.ts";
import { standsOn } from "../../reconciler/branch/standsOn.ts";
import type { HeadId } from "../../reconciler/records/records.ts";
import type { GroupView } from "../../reconciler/view/viewOfGroup.ts";
import type { EntryId, InstallationKey } from "../../wire/ids.ts";
import type { Welcome } from "../../wire/welcome.ts";
import { tables } from "../database/tables.ts";
import type { CoreParts } from "../group/core.ts";

/**
 * Says what becomes of a Welcome; a group that is not known is entered, unless this Welcome brought it before it was
 * forgotten.
 */
export async function verdictOn(
  core: CoreParts<"database" | "groups" | "self">,
  { group: id, entry }: Pick<Welcome, "group" | "entry">,
): Promise<WelcomeVerdict> {
  const group = core.groups.get(id);
  const hasEntered = (await tables.entered.get(core.database, { group: id, entry })) !== undefined;
  if (!group) return hasEntered ? "over" : "enter";
  return judgeWelcome({ view: group.view, entry, self: core.self.installation.key, hasEntered });
}

export type WelcomeVerdict = "over" | "enter" | "wait";

type View = Pick<GroupView, "record" | "entries" | "branch">;

/**
 * Says what becomes of a Welcome to a group that is known. `over`: this client has joined by its entry before, and once
 * more would begin the ratchets of that epoch anew and use their keys twice; or the client is past it. `enter`: the
 * client is out of the group; or in by the leaf of an installation that was replaced; or it waits for an entry that a
 * reorganization took while this one is on the chain; or the others may refuse the entry by which it joined, which a
 * joiner can't judge: nobody else has built on that, and a later entry on another branch takes it in anew. `wait`: none
 * of these yet. Pure.
 */
export function judgeWelcome(params: {
  view: View;
  entry: EntryId;
  /** This client's installation. */
  self: InstallationKey;
  /** True if this client has joined by the entry before. */
  hasEntered: boolean;
}): WelcomeVerdict {
  const { view, entry } = params;
  const { entries, record } = view;
  const { head, start, status, isFormer } = record;
  if (params.hasEntered) return "over";
  if (isFormer) return "enter";
  switch (status) {
    case "removed":
    case "cut-off":
      return entries.has(entry) && !isLater({ view, entry, than: head }) ? "over" : "enter";
    case "joining":
      return entries.has(entry) && !entries.has(start.head) ? "enter" : "wait";
    case "member": {
      if (entries.get(entry)?.verdict.kind === "adopted") return "over";
      const isElsewhere =
        isLater({ view, entry, than: start.head }) &&
        !standsOn({ entries, head: entry, ancestor: start.head });
      return isElsewhere && hasBuiltAlone(params) ? "enter" : "wait";
    }
    case "creating":
    case "paused":
      return "wait";
  }
}

/** True if nobody else has built on the entry by which this client joined. */
function hasBuiltAlone({ view, self }: { view: View; self: InstallationKey }): boolean {
  return view.branch.steps
    .slice(1)
    .every(({ entry }) => entry?.verdict.kind === "adopted" && entry.verdict.writer.installation === self);
}

/** True if an entry is known to be on the chain, and after the other one there, if that is known, too. */
function isLater({ view, entry, than }: { view: View; entry: HeadId; than: HeadId }): boolean {
  const [first, second] = [view.entries.get(than), view.entries.get(entry)];
  return second !== undefined && (first === undefined || compareEntries(second, first) > 0);
}
