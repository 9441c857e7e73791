import { steadyMs } from "../../clock/steadyMs.ts";
import type { EpochView } from "../../reconciler/branch/epochView.ts";
import {
  hasSiblings,
  heardSince,
  isHearingOwed,
  isWitnessOf,
  lastAddOf,
  waitsToHear,
} from "../../reconciler/branch/unheard.ts";
import type { DutyInTurn } from "../../reconciler/upkeep/duties.ts";
import { staggerMs } from "../../reconciler/upkeep/stagger.ts";
import type { InstallationKey } from "../../wire/ids.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { isRevoked } from "../group/isRevoked.ts";

/**
 * How long those who were there before have to speak before the entry's author, and newcomers, tell that they are
 * there.
 */
const OTHERS_WAIT_MS = 10_000;

/**
 * Finds whether this client is to confirm an Add whose newcomers can't tell whether the others adopted it: members
 * who adopted it say so, in turns, until enough inboxes have been heard. Where they are too few, the author and the
 * newcomers themselves do, later: a newcomer that has heard nobody is thereby known to wait.
 */
export function confirmDuty(params: {
  core: CoreParts<"inboxes" | "self">;
  group: Group;
  view: EpochView;
  revoked: ReadonlySet<InstallationKey>;
}): DutyInTurn[] {
  const { core, group, view, revoked } = params;
  const { record, branch, entries, leaves, owed } = group.view;
  const { inbox: self, installation } = core.self;
  const [last, heard] = [lastAddOf(branch), heardSince(group.view)];
  if (!last || !heard || !isHearingOwed(heard, self) || !hasSiblings({ entry: last.entry, entries }))
    return [];
  const isBusy = group.topicReadBy === undefined || owed !== undefined || record.fork !== undefined;
  if (isBusy || isRevoked(core) || leaves.leavers.has(self)) return [];
  const able = view.members.filter(
    ({ inbox, installation: one }) =>
      !heard.by.includes(inbox) && !leaves.leavers.has(inbox) && !revoked.has(one),
  );
  const isBest = ({ inbox }: Pick<EpochView["members"][number], "inbox">) =>
    isWitnessOf({ entry: last.entry, inbox });
  const isLate = !isBest(core.self) || waitsToHear({ record, self, leavers: leaves.leavers });
  const waitMs = staggerMs({
    subject: last.head,
    self: installation.key,
    able: (isLate ? able : able.filter(isBest)).map((one) => one.installation),
  });
  const turnMs = steadyMs() + waitMs + (isLate ? OTHERS_WAIT_MS : 0);
  return [{ kind: "confirm", subject: heard.since, turnMs }];
}
