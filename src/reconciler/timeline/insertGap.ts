import type { MessageId } from "../../wire/ids.ts";
import type { GapRecord, TimelineChange } from "../records/timelineRecord.ts";

/** Shows what cannot be opened, unless an opened message took its place. */
export function insertGap(params: { gap: GapRecord; replacedBy: MessageId | undefined }): TimelineChange[] {
  return params.replacedBy === undefined ? [{ kind: "put", record: params.gap }] : [];
}
