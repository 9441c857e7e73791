import { readDisappearing } from "../../wire/disappearing.ts";
import type { GroupContext } from "../../wire/groupContext.ts";
import type { InboxId } from "../../wire/ids.ts";
import { type Member, roleOf } from "../policy/roleOf.ts";
import type { MembershipChange } from "../records/timelineRecord.ts";

type Side = { readonly context: GroupContext; readonly members: readonly Member[] };

/** Lists what a commit changed, for apps to show; empty for a mere rotation. */
export function membershipChanges(params: {
  before: Side;
  after: Side;
  /** Inboxes that asked to leave. */
  leavers: ReadonlySet<InboxId>;
}): MembershipChange[] {
  const { before, after, leavers } = params;
  const had = new Set(before.members.map((m) => m.inbox));
  const has = new Set(after.members.map((m) => m.inbox));
  const joined = [...has].filter((inbox) => !had.has(inbox));
  const gone = [...had].filter((inbox) => !has.has(inbox));
  return [
    ...joined.map((inbox) => ({ kind: "joined", inbox }) as const),
    ...gone.map((inbox) => ({ kind: leavers.has(inbox) ? "left" : "removed", inbox }) as const),
    ...installationChanges({ kind: "installation-added", from: before, to: after, had, has }),
    ...installationChanges({ kind: "installation-removed", from: after, to: before, had, has }),
    ...roleChanges({ before, after, stayed: [...has] }),
    ...(before.context.name === after.context.name
      ? []
      : [{ kind: "renamed", name: after.context.name } as const]),
    ...disappearingChanges(before.context, after.context),
  ];
}

/** Leaves in `to` but not in `from`, of inboxes that are in the group on both sides. */
function installationChanges(params: {
  kind: "installation-added" | "installation-removed";
  from: Side;
  to: Side;
  had: ReadonlySet<InboxId>;
  has: ReadonlySet<InboxId>;
}): MembershipChange[] {
  const { kind, from, to, had, has } = params;
  const known = new Set(from.members.map((m) => m.installation));
  return to.members
    .filter((m) => !known.has(m.installation) && had.has(m.inbox) && has.has(m.inbox))
    .map(({ inbox, installation }) => ({ kind, inbox, installation }));
}

function disappearingChanges(before: GroupContext, after: GroupContext): MembershipChange[] {
  const seconds = readDisappearing(after.extra) ?? 0;
  return seconds === readDisappearing(before.extra) ? [] : [{ kind: "disappearing", seconds }];
}

function roleChanges(params: { before: Side; after: Side; stayed: readonly InboxId[] }): MembershipChange[] {
  const { before, after, stayed } = params;
  return stayed.flatMap((inbox) => {
    const role = roleOf({ context: after.context, inbox });
    return role === roleOf({ context: before.context, inbox })
      ? []
      : [{ kind: "role", inbox, role } as const];
  });
}
