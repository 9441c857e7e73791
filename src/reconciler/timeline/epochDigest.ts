import { labeledHash } from "../../wire/bytes.ts";
import { type EntryId, fromHex, type Hex, ID_BYTES, toHex } from "../../wire/ids.ts";
import {
  type AgainRecord,
  compareKeys,
  keyOf,
  type MessageRecord,
  type TimelineRecord,
} from "../records/timelineRecord.ts";

const STATE = { visible: 0, deleted: 1 } as const;
const BYTES_PER_MESSAGE = ID_BYTES + 1;

export type EpochDigest =
  | { readonly kind: "digest"; readonly digest: Hex }
  /** Something is missing here, so there is nothing to compare. */
  | { readonly kind: "gaps"; readonly gaps: number };

/**
 * What two clients compare of an epoch: SHA-256("weft.timeline.v1" ‖ entry id ‖ for each message that counts, in
 * order: message id ‖ 0 visible or 1 deleted). Messages that are pending or fenced do not count; one that counts in
 * several epochs is in the digest of each.
 */
export function epochDigest(params: {
  /** That opened the epoch. */
  entry: EntryId;
  /** Of this epoch, in any order. */
  records: Iterable<TimelineRecord>;
}): EpochDigest {
  const records = [...params.records];
  const gaps = records.filter((record) => record.kind === "gap").length;
  if (gaps > 0) return { kind: "gaps", gaps };
  const messages = records
    .filter((record) => countsIn(record, params.entry))
    .sort((a, b) => compareKeys(keyOf(a), keyOf(b)));
  const fields = [fromHex(params.entry), statesOf(messages)];
  return { kind: "digest", digest: toHex(labeledHash({ label: "weft.timeline.v1", fields })) };
}

function countsIn(record: TimelineRecord, entry: EntryId): record is MessageRecord | AgainRecord {
  if (record.kind === "again") return record.entries.includes(entry);
  return record.kind === "message" && record.openings[0].verdict === "counts";
}

function statesOf(messages: readonly (MessageRecord | AgainRecord)[]): Uint8Array {
  const bytes = new Uint8Array(messages.length * BYTES_PER_MESSAGE);
  messages.forEach(({ id, deleted }, i) => {
    bytes.set(fromHex(id), i * BYTES_PER_MESSAGE);
    bytes[i * BYTES_PER_MESSAGE + ID_BYTES] = deleted ? STATE.deleted : STATE.visible;
  });
  return bytes;
}
