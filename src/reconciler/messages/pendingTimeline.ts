import type { Hex, MessageId } from "../../wire/ids.ts";
import {
  type Deletion,
  type MessageRecord,
  sourceOf,
  type TimelineChange,
} from "../records/timelineRecord.ts";
import type { Surroundings } from "../timeline/insertMessage.ts";

/** Changes of several messages that go into one batch: each has to see what those before it will have changed. */
export type PendingTimeline = {
  readonly changes: readonly TimelineChange[];
  /** Of the deletions that it has changed. */
  readonly sources: { readonly has: (source: Hex) => boolean };
  readonly recordOf: (stored: MessageRecord) => MessageRecord;
  readonly around: (stored: Surroundings & { record: MessageRecord }) => Surroundings & {
    record: MessageRecord;
  };
  readonly add: (changes: readonly TimelineChange[]) => void;
};

export function createPendingTimeline(): PendingTimeline {
  const changes: TimelineChange[] = [];
  const records = new Map<MessageId, MessageRecord>();
  const deletions = new Map<Hex, { readonly deletion: Deletion; readonly stands: boolean }>();
  const recordOf = (stored: MessageRecord) => records.get(stored.id) ?? stored;
  const standing = (stored: readonly Deletion[], target: MessageId): Deletion[] => {
    const others = stored.filter((one) => !deletions.has(sourceOf(one)));
    const added = [...deletions.values()].filter((one) => one.stands && one.deletion.target === target);
    return [...others, ...added.map(({ deletion }) => deletion)];
  };
  return {
    changes,
    sources: deletions,
    recordOf,
    around: ({ record, deletions: stored, target, targetDeletions }) => ({
      record: recordOf(record),
      deletions: standing(stored, record.id),
      target: target && recordOf(target),
      targetDeletions: target
        ? standing(targetDeletions, target.id).filter((one) => sourceOf(one) !== record.id)
        : [],
    }),
    add: (added) => {
      changes.push(...added);
      for (const change of added) {
        if (change.kind === "put" && change.record.kind === "message") {
          records.set(change.record.id, change.record);
        }
        if (change.kind === "remember-deletion" || change.kind === "forget-deletion") {
          const stands = change.kind === "remember-deletion";
          deletions.set(sourceOf(change.deletion), { deletion: change.deletion, stands });
        }
      }
    },
  };
}
