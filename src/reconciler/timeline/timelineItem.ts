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
import type { MessageContent } from "../../wire/messageContent.ts";
import { type Part, textOfPart, textPart } from "../../wire/part.ts";
import { isStanding, type Relation, relationKinds } from "../../wire/relation.ts";
import {
  type GapRecord,
  keyOf,
  type MembershipRecord,
  type MessageRecord,
  type MissedRecord,
  type Origin,
  type Reaction,
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

export type MessageItem = {
  readonly kind: "message";
  /** Undefined for an own message that waits to be sealed. */
  readonly epoch: number | undefined;
  readonly id: MessageId;
  readonly author: InboxId;
  readonly installation: InstallationKey;
  /** The sender's clock, milliseconds since 1970. */
  readonly sentAtMs: number;
  /**
   * `expired`: it has disappeared on this device. `pending` and `fenced`: by one who was removed or revoked. Pending is shown: it names a time before that, and only
   * the proof is awaited.
   */
  readonly state: "visible" | "deleted" | "pending" | "fenced" | "expired";
  /** What it shows now, as text: of each part its text, else its fallback or name. Only if visible or pending. */
  readonly text: string | undefined;
  /** What it shows now; empty unless visible or pending. */
  readonly parts: readonly Part[];
  /** The message that it answers. */
  readonly replyTo?: MessageId;
  /** Another relation that stands, of a kind that this version does not know; the number's meaning is the app's. */
  readonly relation?: Relation;
  /**
   * Another device of this inbox has told of it, by an archive or itself: this client has not opened the message, and it
   * is in no digest.
   */
  readonly origin?: Origin;
  /** The edit that it shows. */
  readonly edit?: MessageId;
  /** When it disappears on this device, milliseconds since 1970; absent: it stays. */
  readonly expiresAtMs?: number;
  /** Set now, in order of the texts; absent for none. */
  readonly reactions?: readonly ShownReaction[];
};

/** A message that can be read, at its place. */
export type ReadableItem = MessageItem & { readonly cursor: Hex; readonly text: string };

export type ShownReaction = { readonly text: string; readonly inboxes: readonly InboxId[] };

/** A message of a silent kind that this version does not know: an app may. */
export type SilentMessage = {
  readonly epoch: number;
  readonly id: MessageId;
  readonly author: InboxId;
  readonly relation: Relation;
  readonly parts: readonly Part[];
};

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const KEY_BYTES = 8 + 4 + 32;

/**
 * Shows a record as an app sees it; `undefined` for a record that is no item of its own: a message that only does
 * something to another, one that shows nothing, a message whose epoch vanished, and a further epoch of a message that
 * stands elsewhere.
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

/** True for a record that an app sees as an item of its own: see `showRecord`. */
export function isItem(record: TimelineRecord): boolean {
  if (record.kind !== "message") return record.kind !== "again";
  return isShownRecord(record) && record.openings[0].verdict !== "void";
}

/** Shows a message as an app sees it, if there is something of it to read: it is neither deleted nor fenced. */
export function showReadable(record: TimelineRecord): ReadableItem | undefined {
  const item = record.kind === "message" ? showRecord(record) : undefined;
  return item?.kind === "message" && item.text !== undefined ? { ...item, text: item.text } : undefined;
}

function showMessage(params: { record: MessageRecord; cursor: Hex }): TimelineItem | undefined {
  const { record, cursor } = params;
  const { content, deleted, isHidden, isExpired, expiry, openings, edit, reactions } = record;
  if (!isItem(record)) return undefined;
  const [{ epoch, verdict, origin }] = openings;
  const shown = verdict === "pending" ? "pending" : "visible";
  const standing = isExpired ? "expired" : shown;
  const state = verdict === "fenced" ? "fenced" : deleted || isHidden ? "deleted" : standing;
  const isReadable = state === shown;
  return {
    ...{ kind: "message", cursor, epoch, id: record.id, state },
    ...saidBy(content),
    ...(origin ? { origin } : {}),
    ...showParts(isReadable ? (edit?.parts ?? content.parts) : undefined),
    ...(isReadable && edit ? { edit: edit.message } : {}),
    ...(isReadable && expiry ? { expiresAtMs: expiry.atMs } : {}),
    ...(isReadable && reactions ? { reactions: showReactions(reactions) } : {}),
  };
}

/** True for a message that is shown in its place: it stands, has something to show, and a reply names what it answers. */
export function isShown(content: Pick<MessageContent, "relation" | "parts">): boolean {
  const { relation, parts } = content;
  const isWhole = relation?.kind !== relationKinds.reply || relation.target !== undefined;
  return isStanding(content) && parts.length > 0 && isWhole;
}

/** The same of a message that may have disappeared: then its parts are gone, and its place stays. */
export function isShownRecord({ content, isExpired }: Pick<MessageRecord, "content" | "isExpired">): boolean {
  return isShown(isExpired ? { ...content, parts: [textPart("")] } : content);
}

/** Who said it, when, and in answer to what. */
export function saidBy({ inbox, installation, sentAtMs, relation }: MessageContent) {
  const isReply = relation?.kind === relationKinds.reply;
  return {
    ...{ author: inbox, installation, sentAtMs },
    ...(isReply && relation.target ? { replyTo: relation.target } : {}),
    ...(relation && !isReply ? { relation } : {}),
  };
}

/** What parts show; nothing for `undefined`. */
export function showParts(parts: readonly Part[] | undefined): Pick<MessageItem, "text" | "parts"> {
  if (!parts) return { text: undefined, parts: [] };
  return { text: parts.flatMap((part) => textOfPart(part) ?? []).join("\n"), parts };
}

function showReactions(reactions: readonly Reaction[]): ShownReaction[] {
  const byText = Map.groupBy(reactions, ({ key }) => key);
  return [...byText]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, of]) => ({ text: decoder.decode(fromHex(key)), inboxes: of.map(({ inbox }) => inbox) }));
}

/** A message that counts, of a silent kind that this version does not know; `undefined` for any other record. */
export function silentMessage(record: TimelineRecord): SilentMessage | undefined {
  if (record.kind !== "message" || record.openings[0].verdict !== "counts" || isStanding(record.content))
    return undefined;
  const { relation, inbox: author, parts } = record.content;
  const isKnown = Object.values<number>(relationKinds).includes(relation?.kind ?? 0);
  return relation && !isKnown
    ? { epoch: record.openings[0].epoch, id: record.id, author, relation, parts }
    : undefined;
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
