import type { InboxId, InstallationKey } from "../../wire/ids.ts";
import { inboxesGone } from "./inboxesGone.ts";
import type { Member } from "./roleOf.ts";

/**
 * Lists the inboxes by whose requests, more than half of them, a commit is voided: those of the parent's epoch that
 * the commit neither removes nor demotes and that have committed there with a path, so that names which somebody
 * added for the vote have none. Where no inbox has, all that the commit neither removes nor demotes: an inbox that it
 * removes never has a vote. Pure.
 */
export function votersOf(params: {
  members: readonly Member[];
  removes: readonly Member[];
  demoted: readonly { readonly inbox: InboxId }[];
  /** Installations whose leaf comes from a commit. */
  committers: ReadonlySet<InstallationKey>;
}): Set<InboxId> {
  const { members, removes, demoted, committers } = params;
  const none = new Set([...inboxesGone({ members, removes }), ...demoted.map(({ inbox }) => inbox)]);
  const concerned = members.filter(({ inbox }) => !none.has(inbox));
  const rotated = concerned.filter(({ installation }) => committers.has(installation));
  return new Set((rotated.length > 0 ? rotated : concerned).map(({ inbox }) => inbox));
}
