import type { InboxId } from "../../wire/ids.ts";
import type { Branch } from "../branch/branch.ts";
import type { GroupRecord, InboxSnapshot } from "../records/records.ts";

type View = { readonly record: Pick<GroupRecord, "status" | "members" | "closed">; readonly branch: Branch };

/**
 * Lists the inboxes whose histories this client reads: its own, those of all members of its groups, those for which its
 * closed groups are meant, and those of removed members until they are confirmed up to the removal. Only a confirmed revocation before the removal fences
 * messages, so a client that has heard of a revocation from one node has to ask until another node confirms it. Pure.
 */
export function inboxesOfInterest(params: {
  self: InboxId;
  /** The views of the client's groups. */
  views: readonly View[];
  known: ReadonlyMap<InboxId, Pick<InboxSnapshot, "confirmedAsOf">>;
}): InboxId[] {
  const { self, views, known } = params;
  const inboxes = new Set([self]);
  for (const { record, branch } of views) {
    if (record.status === "removed") continue;
    for (const inbox of [...record.members, ...(record.closed?.inboxes ?? [])]) inboxes.add(inbox);
    for (const { entry } of branch.steps) {
      if (entry?.verdict.kind !== "adopted") continue;
      for (const { inbox } of entry.verdict.removes) {
        if ((known.get(inbox)?.confirmedAsOf ?? -1) < entry.block.number) inboxes.add(inbox);
      }
    }
  }
  // The order says neither which inbox is this client's own nor which inboxes are in one group.
  return [...inboxes].sort();
}
