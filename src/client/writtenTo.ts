import { randomBytes } from "#crypto";
import { viewOf } from "../reconciler/branch/epochView.ts";
import { revokedMembers } from "../reconciler/entries/judgeEntry.ts";
import { confirmedInbox } from "../reconciler/inboxes/confirmedInbox.ts";
import { firstClosedContext } from "../reconciler/policy/nextContext.ts";
import { hasActive } from "../reconciler/policy/roleOf.ts";
import { directKindOf, directToWrite } from "../reconciler/view/directs.ts";
import { directKind } from "../wire/groupKind.ts";
import type { GroupId, InboxId } from "../wire/ids.ts";
import { readEpoch } from "./database/epochStates.ts";
import { foundGroup } from "./foundGroup.ts";
import type { CoreParts } from "./group/core.ts";
import type { Group } from "./group/group.ts";
import type { IntentHandle } from "./group/intentHandle.ts";

type FoundingCore = Parameters<typeof foundGroup>[0]["core"];

/** A group of a direct conversation, and the intent that founds it if there was none to write to. */
export type WrittenTo = { readonly group: GroupId; readonly intent: IntentHandle | undefined };

/**
 * Finds the group of a direct conversation that is written to, or founds one. Call it from within `core.directs`, so
 * that no two are founded at once on this device.
 */
export async function writtenTo(params: {
  core: FoundingCore & CoreParts<"inboxes">;
  other: InboxId;
}): Promise<WrittenTo> {
  const { core, other } = params;
  const groups = [...core.groups.values()].filter(
    ({ view }) => directKindOf(view.record, core.self.inbox)?.other === other,
  );
  const having = new Set<Group>();
  for (const group of groups) if (await hasActiveLeaf({ core, group, inbox: other })) having.add(group);
  const group = directToWrite({ groups, hasOther: (one) => having.has(one) });
  if (group) return { group: group.id, intent: undefined };
  const kind = directKind(core.self.inbox, other);
  const context = firstClosedContext({ kind, drawBytes: randomBytes });
  return await foundGroup({ core, context, members: [other] });
}

/** True if an inbox has a leaf at the group's head that the registry, as far as it was read, has not revoked. */
async function hasActiveLeaf(params: {
  core: CoreParts<"database" | "inboxes">;
  group: Group;
  inbox: InboxId;
}): Promise<boolean> {
  const { core, group, inbox } = params;
  const { record } = group.view;
  if (record.status !== "member" || !record.members.includes(inbox)) return false;
  const place = { database: core.database, group: group.id, cache: group.epochs };
  const epoch = await readEpoch({ ...place, head: record.head });
  if (!epoch) return false;
  const { members } = viewOf(epoch.state);
  const known = confirmedInbox(core.inboxes.get(inbox));
  const revoked = revokedMembers({
    members,
    registry: (one) => (one === inbox ? known : undefined),
    block: group.processed.number,
  });
  return hasActive({ members, revoked, inboxes: [inbox] });
}
