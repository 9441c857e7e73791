import type { GroupRecord, HeadId } from "../../reconciler/records/records.ts";
import { changeGroup, type GroupChange } from "../group/changeGroup.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { mergeChanges } from "../group/mergeChanges.ts";
import { branchWith } from "../messages/judgeSenders.ts";
import { resealed } from "../messages/resealed.ts";
import { judgeVanished } from "./settleVanished.ts";

/**
 * Ends the wait of a client for the entry that was to bring it in, if it was never in the group before. If the group
 * has gone on without that entry, another stands in its place: then this client is out, and what it was about to say
 * fails. Should the entry land after all, it brings this client in. Call it from within the group's queue.
 */
export async function endInVain({
  core,
  group,
}: {
  core: ChangingCore & CoreParts<"finalityBlocks" | "inboxes">;
  group: Group;
}): Promise<void> {
  const { record } = group.view;
  const { start, fork } = record;
  const { epoch } = start;
  if (heightOf(group) < epoch) return;
  const ended: GroupRecord = { ...record, status: "removed", awaited: { ...start, untilBlock: 0 } };
  const dead = new Set<HeadId>([start.head, ...(fork?.heads ?? [])]);
  const branch = branchWith({ group, record: ended });
  const judged = await judgeVanished({ core, group, dead, branch, from: epoch });
  const again = await resealed({ core, group, messages: judged.undone, except: [] });
  core.logger.info({ group: group.id, entry: start.head }, "waits no longer to be taken in");
  const told: GroupChange = { record: ended, events: [{ kind: "group" }] };
  await changeGroup({ core, group, change: mergeChanges(again, judged, told) });
}

/** Computes the height of the tree of entries, in which a parent is read before its children. */
function heightOf({ id: group, view }: Group): number {
  const heights = new Map<HeadId, number>([[group, 0]]);
  for (const { id, parent } of view.entries.values()) heights.set(id, (heights.get(parent) ?? 0) + 1);
  return Math.max(...heights.values());
}
