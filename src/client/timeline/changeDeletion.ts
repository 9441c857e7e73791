import type { InboxId } from "../../wire/ids.ts";
import type { Deletion, MessageRecord, TimelineChange } from "./record.ts";

/**
 * Lets a deletion stand or fall: by a message of the author's own, or by a control entry that was adopted or that a
 * reorganization took away. One of a message not yet seen is remembered until it comes.
 */
export function changeDeletion(params: {
  deletion: Deletion;
  stands: boolean;
  target: MessageRecord | undefined;
  /** Deletions of the same target from other sources: at least one that applies if there is one. */
  others: readonly Deletion[];
}): TimelineChange[] {
  const { deletion, stands, target, others } = params;
  const remembered: TimelineChange = { kind: stands ? "remember-deletion" : "forget-deletion", deletion };
  if (!target) return [remembered];
  const standing = stands ? [...others, deletion] : others;
  const deleted = isDeleted({ author: target.content.inbox, deletions: standing });
  return deleted === target.deleted
    ? [remembered]
    : [remembered, { kind: "put", record: { ...target, deleted } }];
}

/** Judged in the deletion's own epoch: controls were when they were adopted, authors may always. */
export function isDeleted(params: { author: InboxId; deletions: readonly Deletion[] }): boolean {
  return params.deletions.some(({ source, inbox }) => source.kind === "control" || inbox === params.author);
}
