import type { TimelineKey } from "../../reconciler/records/timelineRecord.ts";
import { cursorOf } from "../../reconciler/timeline/timelineItem.ts";
import type { Hex, InboxId } from "../../wire/ids.ts";

/** What a list of conversations shows of one. */
export type ConversationRecord = {
  /** Messages of others that came after they were last marked as read and can be read. */
  readonly unread: number;
  /** The last message that can be read; undefined: none, or it lies further back than is looked for. */
  readonly last?: LastMessage;
  /** When something last came or changed here, milliseconds since 1970. */
  readonly activeAtMs: number;
};

/** How far somebody says to have read a conversation. */
export type ReaderRecord = { readonly upTo: TimelineKey };

export type LastMessage = {
  readonly key: TimelineKey;
  readonly author: InboxId;
  /** The sender's clock, milliseconds since 1970. */
  readonly sentAtMs: number;
  /** The beginning of its text. */
  readonly text: string;
};

/** What an app sees of a conversation besides its group. */
export type ConversationState = {
  /** Messages of others that can be read and were not marked as read since they came. */
  readonly unread: number;
  /** The last message that can be read, with the beginning of its text; undefined for none. */
  readonly last:
    | { readonly cursor: Hex; readonly author: InboxId; readonly sentAtMs: number; readonly text: string }
    | undefined;
  /** When something last came or changed, milliseconds since 1970. */
  readonly activeAtMs: number;
};

/** What an app sees of a conversation's record. */
export function conversationState({ unread, last, activeAtMs }: ConversationRecord): ConversationState {
  if (!last) return { unread, last: undefined, activeAtMs };
  const { key, ...shown } = last;
  return { unread, last: { cursor: cursorOf(key), ...shown }, activeAtMs };
}
