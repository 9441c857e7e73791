import type { Deletion, MessageRecord, TimelineChange } from "../records/timelineRecord.ts";
import { placeMessage } from "./placeMessage.ts";

/**
 * Lets a deletion stand or fall: by a message of the author's own, or by a control entry that was adopted or that a
 * reorganization took away. One of a message not yet seen is remembered until it comes.
 */
export function changeDeletion(params: {
  deletion: Deletion;
  stands: boolean;
  target: MessageRecord | undefined;
  /** Of the same target from other sources: all that apply, or at least those that reach the latest epoch. */
  others: readonly Deletion[];
}): TimelineChange[] {
  const { deletion, stands, target, others } = params;
  const remembered: TimelineChange = { kind: stands ? "remember-deletion" : "forget-deletion", deletion };
  if (!target) return [remembered];
  const deletions = stands ? [...others, deletion] : others;
  const [record, ...again] = placeMessage({ message: target, deletions });
  const records = record.deleted === target.deleted ? again : [record, ...again];
  return [remembered, ...records.map((one) => ({ kind: "put", record: one }) as const)];
}
