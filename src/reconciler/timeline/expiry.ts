import type { MessageContent } from "../../wire/messageContent.ts";
import { relationKinds } from "../../wire/relation.ts";
import type { Expiry, MessageRecord } from "../records/timelineRecord.ts";

/**
 * When a sealing lets its message disappear: so many seconds after the first of its receipts, or after it came if there
 * is none. Nodes sign what time they like, so none counts from before its epoch began, or from later than now.
 */
export function expiryOf(params: {
  /** By the context of the sealing's epoch; 0: messages stay. */
  seconds: number;
  /** Milliseconds since 1970, as the block of the entry has it that opened the epoch. */
  epochBeganMs: number;
  receipts: readonly { readonly timeMs: number }[];
  nowMs: number;
}): Expiry | undefined {
  const { seconds, epochBeganMs, receipts, nowMs } = params;
  if (seconds === 0) return undefined;
  const firstMs = Math.min(nowMs, ...receipts.map(({ timeMs }) => timeMs));
  return { seconds, atMs: Math.max(firstMs, Math.min(epochBeganMs, nowMs)) + seconds * 1000 };
}

/** The one of two that comes first. */
export function earlierExpiry(a: Expiry | undefined, b: Expiry | undefined): Expiry | undefined {
  if (!a || !b) return a ?? b;
  return b.atMs < a.atMs ? b : a;
}

/** What stays of a message that has disappeared: its place in the timeline, its author and what it was related to. */
export function withoutBody(content: MessageContent): MessageContent {
  const { extra: _, relation, ...rest } = content;
  if (!relation) return { ...rest, parts: [] };
  const { kind, target, revision } = relation;
  return { ...rest, parts: [], relation: { kind, ...(target ? { target } : {}), revision } };
}

/** True for a message that only changes what another one shows: it disappears with that one. */
export function goesWithTarget({ relation }: Pick<MessageContent, "relation">): boolean {
  return relation?.kind === relationKinds.edit || relation?.kind === relationKinds.react;
}

/** A message that has disappeared. What relates to it is to be given up, too. */
export function expired(record: MessageRecord): MessageRecord {
  const { edit: _, reactions: __, ...rest } = record;
  return { ...rest, content: withoutBody(record.content), isExpired: true };
}
