import { keyOf, type TimelineKey, type TimelineRecord } from "../../reconciler/records/timelineRecord.ts";
import { type ReadableItem, showReadable } from "../../reconciler/timeline/timelineItem.ts";
import type { MessageId } from "../../wire/ids.ts";

/** A message that can be read, with its place in the timeline. */
export type Readable = { readonly key: TimelineKey; readonly item: ReadableItem };

/** A message as it can be read before and after a batch; one of the two may be absent. */
export type ReadableChange = { readonly before?: Readable; readonly after?: Readable };

/** Tells by message what a batch changes, as far as it can be read, from the timeline's records that it replaces. */
export function readableChanges(
  replacements: readonly { readonly before?: TimelineRecord; readonly after?: TimelineRecord }[],
): Map<MessageId, ReadableChange> {
  const changes = new Map<MessageId, ReadableChange>();
  const add = (name: keyof ReadableChange, record: TimelineRecord | undefined): void => {
    const readable = record && readableOf(record);
    if (readable) changes.set(readable.item.id, { ...changes.get(readable.item.id), [name]: readable });
  };
  for (const { before, after } of replacements) {
    add("before", before);
    add("after", after);
  }
  return changes;
}

export function readableOf(record: TimelineRecord): Readable | undefined {
  const item = showReadable(record);
  return item && { key: keyOf(record), item };
}
