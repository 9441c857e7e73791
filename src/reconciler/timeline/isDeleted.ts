import type { InboxId } from "../../wire/ids.ts";
import type { Deletion } from "../records/timelineRecord.ts";

/** True if the timeline shows nothing any more of an author's message that was sealed to this epoch. */
export function isDeleted(params: {
  author: InboxId;
  deletions: readonly Deletion[];
  epoch: number;
}): boolean {
  return params.deletions.some(
    (one) => one.epoch >= params.epoch && isPermitted({ deletion: one, author: params.author }),
  );
}

/** Controls were judged when they were adopted, authors may always; whoever else names a message deletes nothing. */
function isPermitted({ deletion, author }: { deletion: Deletion; author: InboxId }): boolean {
  return deletion.source.kind === "control" || deletion.inbox === author;
}
