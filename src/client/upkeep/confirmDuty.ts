import { steadyMs } from "../../clock/steadyMs.ts";
import type { EntryId, InstallationKey } from "../../wire/ids.ts";
import type { ClientCore } from "../core.ts";
import type { EpochView } from "../groups/epochView.ts";
import type { Group } from "../groups/group.ts";
import { hasSiblings, isWitnessOf, lastAddOf } from "../groups/unheard.ts";
import { isRevoked } from "../identity/isRevoked.ts";
import type { DutyInTurn } from "./duties.ts";
import { staggerMs } from "./stagger.ts";

/** So long those who were there before have to speak before newcomers tell each other that they are there. */
const NEWCOMERS_WAIT_MS = 10_000;

/**
 * After an Add whose newcomers can't tell whether the others adopted it: members who adopted it say so, in turns, the
 * author's inbox excepted, until one has been heard. Where nobody does, since all but the author came in by it, the
 * newcomers themselves do, later.
 */
export function confirmDuty(params: {
  core: ClientCore;
  group: Group;
  view: EpochView;
  revoked: ReadonlySet<InstallationKey>;
}): DutyInTurn[] {
  const { core, group, view, revoked } = params;
  const { record, branch, entries, leaves, owed } = group.view;
  const last = lastAddOf(branch);
  if (!last || record.confirmed === last.head || !hasSiblings({ entry: last.entry, entries })) return [];
  const isBusy = group.topicReadBy === undefined || owed !== undefined || record.fork !== undefined;
  const { inbox: self, installation } = core.self;
  if (isBusy || isRevoked(core) || leaves.leavers.has(self)) return [];
  const { entry } = last;
  const { inviter } = record;
  const isAble = ({ inbox, installation: one }: EpochView["members"][number]) =>
    inbox !== inviterOf(entry, inviter) && !leaves.leavers.has(inbox) && !revoked.has(one);
  const able = view.members.filter(isAble);
  if (!able.some((one) => one.installation === installation.key)) return [];
  const isNewcomer = entry.verdict.kind === "before-start" || !isWitnessOf({ entry, inviter, inbox: self });
  const ranked = isNewcomer ? able : able.filter(({ inbox }) => isWitnessOf({ entry, inviter, inbox }));
  const waitMs = staggerMs({
    subject: last.head,
    self: installation.key,
    able: ranked.map((one) => one.installation),
  });
  const turnMs = steadyMs() + waitMs + (isNewcomer ? NEWCOMERS_WAIT_MS : 0);
  return [{ kind: "confirm", subject: last.head as EntryId, turnMs }];
}

/** The author of the entry, or whoever signed the Welcome to it. */
function inviterOf(
  { verdict }: { verdict: Parameters<typeof hasSiblings>[0]["entry"]["verdict"] },
  known: EpochView["members"][number]["inbox"] | undefined,
) {
  return verdict.kind === "adopted" ? verdict.writer.inbox : known;
}
