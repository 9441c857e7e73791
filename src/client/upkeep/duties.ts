import { activeInstallations } from "../../identity/inbox.ts";
import type { EntryId, InboxId, InstallationKey } from "../../wire/ids.ts";
import type { Registry } from "../entries/judgeEntry.ts";
import { type EpochView, inboxesOf, installationsOf } from "../groups/epochView.ts";
import type { Leaves } from "../groups/leaves.ts";
import { type Member, returningInboxes } from "../policy/roleOf.ts";

/** What somebody has to do for a group, whoever it is; `subject` says whom it is about. */
export type Duty =
  /** Whoever asked to leave is to be removed. */
  | { readonly kind: "remove-leaver"; readonly subject: InboxId }
  /** What the registry revoked is to be removed. */
  | { readonly kind: "remove-revoked"; readonly subject: InstallationKey }
  /** Whoever can't follow and asked for it is to be removed, and then to be taken in again. */
  | { readonly kind: "remove-stranded"; readonly subject: InstallationKey }
  /** An active installation of a member is to be taken in. */
  | { readonly kind: "add-installation"; readonly subject: InstallationKey; readonly inbox: InboxId }
  /** An Add made the others forget that oneself asked to leave: ask again. Nobody else can. */
  | { readonly kind: "ask-again"; readonly subject: InboxId }
  /** An entry has cut oneself off, and one has not said so yet. */
  | { readonly kind: "appeal"; readonly subject: EntryId };

/** What is to be done in an epoch, as far as one of its members may do it. Pure. */
export function dutiesOf(params: {
  view: Pick<EpochView, "members">;
  leaves: Leaves;
  /** Who asked to be removed and added again. */
  stranded: ReadonlyMap<InstallationKey, Member>;
  self: Member;
  /** Of the members, those whom the registry has revoked. */
  revoked: ReadonlySet<InstallationKey>;
  /** Active installations of the members' inboxes that are not in the group. */
  missing: readonly Member[];
}): Duty[] {
  const { view, leaves, stranded, self, revoked, missing } = params;
  const { members } = view;
  const present = new Set(inboxesOf(view));
  const isIn = installationsOf(view).has(self.installation);
  if (!isIn || revoked.has(self.installation) || leaves.leavers.has(self.inbox)) return [];
  const leaving = [...leaves.leavers].filter((inbox) => present.has(inbox)).sort();
  const cutOff = members.filter(
    ({ installation }) => stranded.has(installation) && installation !== self.installation,
  );
  const gone = members.filter(({ installation }) => revoked.has(installation));
  return [
    ...(leaves.asked.has(self.inbox) ? [{ kind: "ask-again", subject: self.inbox } as const] : []),
    ...leaving.map((subject) => ({ kind: "remove-leaver", subject }) as const),
    ...gone.map(({ installation }) => ({ kind: "remove-revoked", subject: installation }) as const),
    ...cutOff.map(({ installation }) => ({ kind: "remove-stranded", subject: installation }) as const),
    ...missing.map(
      ({ inbox, installation }) => ({ kind: "add-installation", subject: installation, inbox }) as const,
    ),
  ];
}

/** Whose installations are to be in the group: of its members, and of those that are to be added again. */
export function inboxesOfUpkeep(params: {
  view: Pick<EpochView, "context" | "members">;
  stranded: ReadonlyMap<InstallationKey, Member>;
}): InboxId[] {
  const { view, stranded } = params;
  const asked = [...stranded.values()].map(({ inbox }) => inbox);
  return [...new Set([...inboxesOf(view), ...returningInboxes(view), ...asked])];
}

/**
 * The installations that the registry lists at the end of `block` and the group lacks, and those that asked to be added
 * again; not those of leavers.
 */
export function missingInstallations(params: {
  view: Pick<EpochView, "context" | "members">;
  leaves: Leaves;
  stranded: ReadonlyMap<InstallationKey, Member>;
  registry: Registry;
  block: number;
}): Member[] {
  const { view, leaves, stranded, registry, block } = params;
  const known = installationsOf(view);
  const whole = new Set([...inboxesOf(view), ...returningInboxes(view)]);
  return inboxesOfUpkeep({ view, stranded }).flatMap((id) => {
    const inbox = leaves.leavers.has(id) ? undefined : registry(id);
    const active = inbox ? activeInstallations({ inbox, block }) : [];
    return active
      .filter((one) => !known.has(one) && (whole.has(id) || stranded.has(one)))
      .map((installation) => ({ inbox: id, installation }));
  });
}
