import { asId, type EntryId, type EnvelopeHash } from "../../wire/ids.ts";
import type { GroupRecord } from "../tables.ts";
import type { MessageRecord } from "../timeline/record.ts";
import type { Action } from "./intent.ts";

/** An own message that waits to be sealed, as if it had been sealed to the head; no envelope has it yet. */
export function unsealedRecord(params: {
  action: Action & { kind: "send" };
  record: GroupRecord;
}): MessageRecord {
  const { action, record } = params;
  const { content, message: id } = action;
  const opening = {
    epoch: record.epoch,
    entry: record.head as EntryId,
    envelope: asId<EnvelopeHash>(id),
    verdict: "counts",
  } as const;
  return { kind: "message", id, content, openings: [opening], deleted: false };
}
