import { activeInstallations } from "../../identity/inbox.ts";
import type { EntryId, InboxId, InstallationKey } from "../../wire/ids.ts";
import { inboxesOf, installationsOf } from "../branch/epochView.ts";
import type { Leaves } from "../branch/leaves.ts";
import type { Registry } from "../entries/judgeEntry.ts";
import { closedKindOf } from "../policy/closed.ts";
import {
  isUpkeepAdd,
  isUpkeepRemoval,
  repairable,
  roomOfInbox,
  type Standing,
} from "../policy/membership.ts";
import { awaitedMembers } from "../policy/returning.ts";
import type { Member } from "../policy/roleOf.ts";

/** What some member has to do for a group, whichever member does it; `subject` says whom it is about. */
export type Duty =
  /** An inbox that has asked to leave is to be removed. */
  | { readonly kind: "remove-leaver"; readonly subject: InboxId }
  /** An installation that the registry has revoked is to be removed. */
  | { readonly kind: "remove-revoked"; readonly subject: InstallationKey }
  /** An installation that a void entry has removed is to be removed once more. */
  | { readonly kind: "remove-owed"; readonly subject: InstallationKey }
  /** An inbox that a void entry has demoted is to be demoted once more. */
  | { readonly kind: "demote-owed"; readonly subject: InboxId }
  /** An installation that can't follow and has asked to be repaired is to be removed, and then added again. */
  | { readonly kind: "remove-stranded"; readonly subject: InstallationKey }
  /** An active installation of a member's inbox, or one that is awaited, is to be added. */
  | { readonly kind: "add-installation"; readonly subject: InstallationKey; readonly inbox: InboxId }
  /** An Add has cancelled the Leave of this client's inbox: it asks again. Nobody else can do that. */
  | { readonly kind: "ask-again"; readonly subject: InboxId }
  /**
   * The members who came in by an entry can't judge it: a member who is not its author shows that it follows the entry.
   */
  | { readonly kind: "confirm"; readonly subject: EntryId }
  /** An entry has cut this client off, and this client has not said so yet. */
  | { readonly kind: "appeal"; readonly subject: EntryId };

/** A duty with the time from which it is this client's turn, `turnMs`, in milliseconds since 1970. */
export type DutyInTurn = Duty & { readonly turnMs: number };

/** Lists what is to be done in an epoch, as far as one of its members may do it. Pure. */
export function dutiesOf(params: {
  standing: Standing;
  leaves: Leaves;
  self: Member;
  /** Active installations that are to be in the group and are not. */
  missing: readonly Member[];
}): Duty[] {
  const { standing, leaves, self, missing } = params;
  const { members, revoked, leavers, owed } = standing;
  const isIn = members.some(({ installation }) => installation === self.installation);
  if (!isIn || isUpkeepRemoval(standing, self)) return [];
  const present = new Set(inboxesOf(standing));
  const leaving = [...leavers].filter((inbox) => present.has(inbox)).sort();
  const gone = members.filter(({ installation }) => revoked.has(installation));
  const cutOff = repairsBy({ standing, self });
  return [
    ...(leaves.asked.has(self.inbox) ? [{ kind: "ask-again", subject: self.inbox } as const] : []),
    ...(owed?.removes ?? []).map(
      ({ installation }) => ({ kind: "remove-owed", subject: installation }) as const,
    ),
    ...(owed?.roles ?? []).map(({ inbox }) => ({ kind: "demote-owed", subject: inbox }) as const),
    ...leaving.map((subject) => ({ kind: "remove-leaver", subject }) as const),
    ...gone.map(({ installation }) => ({ kind: "remove-revoked", subject: installation }) as const),
    ...cutOff.map(({ installation }) => ({ kind: "remove-stranded", subject: installation }) as const),
    ...missing.map(
      ({ inbox, installation }) => ({ kind: "add-installation", subject: installation, inbox }) as const,
    ),
  ];
}

/** Lists the members whom a member may repair: not itself, and none of an inbox that a decision is about. */
export function repairsBy({ standing, self }: { standing: Standing; self: Member }): Member[] {
  const decided = standing.members.filter((member) => isUpkeepRemoval(standing, member));
  const inboxes = new Set(decided.map(({ inbox }) => inbox));
  return repairable(standing).filter(
    ({ inbox, installation }) => installation !== self.installation && !inboxes.has(inbox),
  );
}

/**
 * Lists the inboxes whose installations are to be in the group: those of its members, and those that are awaited; of a
 * closed group, those that it is meant for.
 */
export function inboxesOfUpkeep(params: {
  view: Pick<Standing, "context" | "members">;
  block: number;
}): InboxId[] {
  const { view, block } = params;
  const closed = closedKindOf(view.context);
  if (closed) return [...closed.inboxes];
  const awaited = awaitedMembers({ ...view, block });
  return [...new Set([...inboxesOf(view), ...awaited.map(({ inbox }) => inbox)])];
}

/**
 * Lists the installations that the registry has at the end of `block` and the group lacks, as far as upkeep may add
 * them and their inboxes have room.
 */
export function missingInstallations(params: {
  standing: Standing;
  registry: Registry;
  /** The last block for which the registry is known. */
  block: number;
}): Member[] {
  const { standing, registry, block } = params;
  const known = installationsOf(standing);
  const awaited = new Set(awaitedMembers(standing).map(({ installation }) => installation));
  return inboxesOfUpkeep({ view: standing, block: standing.block }).flatMap((id) => {
    const inbox = registry(id);
    const active = inbox ? activeInstallations({ inbox, block }) : [];
    const wanted = active
      .filter((installation) => !known.has(installation))
      .map((installation) => ({ inbox: id, installation }))
      .filter((one) => isUpkeepAdd(standing, one));
    const back = wanted.filter(({ installation }) => awaited.has(installation));
    const anew = wanted.filter(({ installation }) => !awaited.has(installation));
    return [...back, ...anew.slice(0, roomOfInbox(standing, id))];
  });
}
