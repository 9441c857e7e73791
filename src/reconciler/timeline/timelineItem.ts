import { concatBytes } from "../../crypto/concatBytes.ts";
import { WeftError } from "../../errors.ts";
import { u32, u64 } from "../../wire/bytes.ts";
import {
  fromHex,
  type Hex,
  type InboxId,
  type InstallationKey,
  type MessageId,
  toHex,
} from "../../wire/ids.ts";
import {
  type GapRecord,
  keyOf,
  type MembershipRecord,
  type MessageRecord,
  type MissedRecord,
  type TimelineKey,
  type TimelineRecord,
} from "../records/timelineRecord.ts";

/** What an app shows, in the order of `cursor`. */
export type TimelineItem = { readonly cursor: Hex } & (
  | MessageItem
  | Omit<GapRecord, "entry">
  | MembershipRecord
  | MissedRecord
);

type MessageItem = {
  readonly kind: "message";
  /** Undefined for an own message that waits to be sealed. */
  readonly epoch: number | undefined;
  readonly id: MessageId;
  readonly author: InboxId;
  readonly installation: InstallationKey;
  /** The sender's clock, milliseconds since 1970. */
  readonly sentAtMs: number;
  /**
   * `pending` and `fenced`: by one who was removed or revoked. Pending is shown: it names a time before that, and only
   * the proof is awaited.
   */
  readonly state: "visible" | "deleted" | "pending" | "fenced";
  /** Only if visible or pending. */
  readonly text: string | undefined;
};

const KEY_BYTES = 8 + 4 + 32;

/**
 * Shows a record as an app sees it; `undefined` for a record that is no item of its own: a message that deletes
 * another, a message whose epoch vanished, and a further epoch of a message that stands elsewhere.
 */
export function showRecord(record: TimelineRecord): TimelineItem | undefined {
  const cursor = cursorOf(keyOf(record));
  switch (record.kind) {
    case "message":
      return showMessage({ record, cursor });
    case "again":
      return undefined;
    case "gap": {
      const { entry: _, ...gap } = record;
      return { ...gap, cursor };
    }
    case "membership":
    case "missed":
      return { ...record, cursor };
  }
}

function showMessage(params: { record: MessageRecord; cursor: Hex }): TimelineItem | undefined {
  const { record, cursor } = params;
  const { content, deleted, openings } = record;
  if (content.body.kind !== "text") return undefined;
  const [{ epoch, verdict }] = openings;
  if (verdict === "void") return undefined;
  const shown = verdict === "pending" ? "pending" : "visible";
  const state = verdict === "fenced" ? "fenced" : deleted ? "deleted" : shown;
  return {
    kind: "message",
    cursor,
    epoch,
    id: record.id,
    author: content.inbox,
    installation: content.installation,
    sentAtMs: content.sentAtMs,
    state,
    text: state === shown ? content.body.text : undefined,
  };
}

/** A place in the timeline: epoch (u64) ‖ rank (u32) ‖ id; sorts as the timeline does. */
export function cursorOf(key: TimelineKey): Hex {
  return toHex(concatBytes(u64(key.epoch), u32(key.rank), fromHex(key.id)));
}

/** The key that a cursor stands for. Throws `bad-cursor`. */
export function keyOfCursor(cursor: Hex): TimelineKey {
  const bytes = /^0x[0-9a-f]*$/.test(cursor) && cursor.length % 2 === 0 ? fromHex(cursor) : undefined;
  const view = bytes && new DataView(bytes.buffer);
  const epoch = Number(view?.byteLength === KEY_BYTES ? view.getBigUint64(0) : -1);
  if (!bytes || !view || !Number.isSafeInteger(epoch) || epoch < 0) {
    throw new WeftError({ code: "bad-cursor", message: "not a place in a timeline" });
  }
  return { epoch, rank: view.getUint32(8), id: toHex(bytes.subarray(12)) };
}
