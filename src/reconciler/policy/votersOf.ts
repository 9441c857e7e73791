import type { InboxId, InstallationKey } from "../../wire/ids.ts";
import { inboxesGone } from "./inboxesGone.ts";
import type { Member } from "./roleOf.ts";

/**
 * Lists the voters on a commit: more than half of them void it by their requests. Voters are the inboxes of the
 * parent's epoch that the commit neither removes nor demotes and that have committed there with a path, so names that
 * somebody added for the vote have none. If there is no such inbox, the voters are all inboxes that the commit neither
 * removes nor demotes. An inbox that the commit removes never has a vote. Pure.
 */
export function votersOf(params: {
  members: readonly Member[];
  removes: readonly Member[];
  demoted: readonly { readonly inbox: InboxId }[];
  /** Installations whose leaf comes from a commit of their own. */
  committers: ReadonlySet<InstallationKey>;
}): Set<InboxId> {
  const { members, removes, demoted, committers } = params;
  const none = new Set([...inboxesGone({ members, removes }), ...demoted.map(({ inbox }) => inbox)]);
  const concerned = members.filter(({ inbox }) => !none.has(inbox));
  const rotated = concerned.filter(({ installation }) => committers.has(installation));
  return new Set((rotated.length > 0 ? rotated : concerned).map(({ inbox }) => inbox));
}
