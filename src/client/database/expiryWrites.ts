import type { TimelineRecord } from "../../reconciler/records/timelineRecord.ts";
import type { Write } from "../../store/writeAtomic.ts";
import type { GroupId, MessageId } from "../../wire/ids.ts";
import { tables } from "./tables.ts";

const EMPTY = new Uint8Array(0);

/** What a batch changes in the list of messages that are to disappear, by the timeline's records that it replaces. */
export function expiryWrites(params: {
  group: GroupId;
  replacements: readonly { readonly before?: TimelineRecord; readonly after?: TimelineRecord }[];
}): Write[] {
  const { group, replacements } = params;
  const [gone, come] = [new Map<MessageId, number>(), new Map<MessageId, number>()];
  const note = (times: Map<MessageId, number>, record: TimelineRecord | undefined): void => {
    if (record?.kind === "message" && record.expiry && !record.isExpired)
      times.set(record.id, record.expiry.atMs);
  };
  for (const { before, after } of replacements) {
    note(gone, before);
    note(come, after);
  }
  return [
    ...[...gone].flatMap(([id, at]) => (come.get(id) === at ? [] : [tables.expiry.del({ at, group, id })])),
    ...[...come].flatMap(([id, at]) =>
      gone.get(id) === at ? [] : [tables.expiry.put({ at, group, id }, EMPTY)],
    ),
  ];
}
