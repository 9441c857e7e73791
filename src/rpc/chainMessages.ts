import type { MessageInitShape } from "@bufbuild/protobuf";
import { WeftError } from "../errors.ts";
import type {
  ChainHead as ChainHeadMessage,
  ChainHeadSchema,
  EntryCursor as EntryCursorMessage,
  EntryCursorSchema,
  Entry as EntryMessage,
  EntrySchema,
  FetchEntriesResponse,
  FetchEntriesResponseSchema,
  FollowChainResponse,
  FollowChainResponseSchema,
  GetEntryResponse,
  GetEntryResponseSchema,
  GroupPosition as GroupPositionMessage,
  GroupPositionSchema,
  RelayAppendRequest,
  RelayAppendRequestSchema,
  RelayResponse,
  RelayResponseSchema,
} from "../gen/weft/v1/node_pb.ts";
import type { Append } from "../wire/append.ts";
import type { BlockRef } from "../wire/blockRef.ts";
import { safeNumber } from "../wire/bytes.ts";
import type { Entry, EntryCursor, EntryPage } from "../wire/chainEntry.ts";
import { asAddress, asId, fromHex, ID_BYTES } from "../wire/ids.ts";
import type { RelayTicket } from "../wire/relayTicket.ts";
import { refusalFromMessage, refusalMessage } from "./errorDetail.ts";
import { bounded, required, sizedHex } from "./fields.ts";
import { MAX_CURSORS_PER_GROUP } from "./limits.ts";
import type { ChainEvent, EntryState, GroupPosition, RelayAnswer } from "./nodeApi.ts";
import { ticketFromMessage, ticketMessage } from "./ticketMessages.ts";

/** CommitLog counts children in 24 bits. */
const MAX_APPEND_LIMIT = 2 ** 24 - 1;

export function chainHeadMessage(head: BlockRef): MessageInitShape<typeof ChainHeadSchema> {
  return { number: BigInt(head.number), hash: fromHex(head.hash), time: BigInt(head.time) };
}

export function optionalHeadMessage(head: BlockRef | undefined): {
  head?: MessageInitShape<typeof ChainHeadSchema>;
} {
  return head === undefined ? {} : { head: chainHeadMessage(head) };
}

/** Reads a block. Throws `malformed`. */
export function chainHeadFromMessage({ number, hash, time }: ChainHeadMessage): BlockRef {
  const blockHash = sizedHex({ bytes: hash, length: ID_BYTES, what: "a block hash" });
  return { number: safeNumber(number), hash: blockHash, time: safeNumber(time) };
}

export function optionalHeadFromMessage(head: ChainHeadMessage | undefined): BlockRef | undefined {
  return head === undefined ? undefined : chainHeadFromMessage(head);
}

export function entryCursorMessage(cursor: EntryCursor): MessageInitShape<typeof EntryCursorSchema> {
  const { block, logIndex, blockHash } = cursor;
  return { block: BigInt(block), logIndex, blockHash: fromHex(blockHash) };
}

function entryCursorFromMessage(cursor: EntryCursorMessage): EntryCursor {
  const blockHash = sizedHex({ bytes: cursor.blockHash, length: ID_BYTES, what: "a block hash" });
  return { block: safeNumber(cursor.block), logIndex: cursor.logIndex, blockHash };
}

export function groupPositionMessage(position: GroupPosition): MessageInitShape<typeof GroupPositionSchema> {
  return { group: fromHex(position.group), recent: position.recent.map(entryCursorMessage) };
}

/** Reads a position. Throws `malformed`, `too-large`. */
export function groupPositionFromMessage(
  message: Pick<GroupPositionMessage, "group" | "recent">,
): GroupPosition {
  const recent = bounded({ items: message.recent, max: MAX_CURSORS_PER_GROUP, what: "cursors of a group" });
  return { group: asId(message.group), recent: recent.map(entryCursorFromMessage) };
}

function entryMessage(entry: Entry): MessageInitShape<typeof EntrySchema> {
  return {
    group: fromHex(entry.group),
    id: fromHex(entry.id),
    parent: fromHex(entry.parent),
    index: entry.index,
    authority: fromHex(entry.authority),
    payload: entry.payload,
    block: chainHeadMessage(entry.block),
    logIndex: entry.logIndex,
  };
}

function entryFromMessage(message: EntryMessage): Entry {
  return {
    group: asId(message.group),
    id: asId(message.id),
    parent: asId(message.parent),
    index: message.index,
    authority: asAddress(message.authority),
    payload: message.payload,
    block: chainHeadFromMessage(required(message.block, "an entry's block")),
    logIndex: message.logIndex,
  };
}

export function entryPageMessage(page: EntryPage) {
  const from = page.from === undefined ? {} : { from: entryCursorMessage(page.from) };
  const head = optionalHeadMessage(page.head);
  return {
    ...{ ...from, entries: page.entries.map(entryMessage), more: page.more, ...head },
  } satisfies MessageInitShape<typeof FetchEntriesResponseSchema>;
}

/** Reads a page of entries. Throws `malformed`. */
export function entryPageFromMessage(
  message: Pick<FetchEntriesResponse, "from" | "entries" | "more" | "head">,
): EntryPage {
  return {
    from: message.from && entryCursorFromMessage(message.from),
    entries: message.entries.map(entryFromMessage),
    more: message.more,
    head: optionalHeadFromMessage(message.head),
  };
}

export function chainEventMessage(event: ChainEvent): MessageInitShape<typeof FollowChainResponseSchema> {
  switch (event.kind) {
    case "started":
      return { event: { case: "started", value: {} } };
    case "entries": {
      const value = { group: fromHex(event.group), ...entryPageMessage(event) };
      return { event: { case: "entries", value } };
    }
    case "rollback":
      return { event: { case: "rollback", value: { to: chainHeadMessage(event.to) } } };
    case "head":
      return { event: { case: "head", value: chainHeadMessage(event.head) } };
  }
}

/** Reads an event. Throws `malformed`. */
export function chainEventFromMessage({ event }: FollowChainResponse): ChainEvent {
  switch (event.case) {
    case "started":
      return { kind: "started" };
    case "entries": {
      return { kind: "entries", group: asId(event.value.group), ...entryPageFromMessage(event.value) };
    }
    case "rollback":
      return { kind: "rollback", to: chainHeadFromMessage(required(event.value.to, "a rollback's block")) };
    default:
      return { kind: "head", head: chainHeadFromMessage(required(event.value, "an event")) };
  }
}

export function entryStateMessage(state: EntryState): MessageInitShape<typeof GetEntryResponseSchema> {
  const { known, authority, block, index, children, head } = state;
  const fields = { known, authority: fromHex(authority), block: BigInt(block), index, children };
  return { ...fields, ...optionalHeadMessage(head) };
}

/** Reads an entry's state. Throws `malformed`. */
export function entryStateFromMessage(message: GetEntryResponse): EntryState {
  const { known, authority, block, index, children, head } = message;
  return {
    known,
    authority: asAddress(authority),
    block: safeNumber(block),
    index,
    children,
    head: optionalHeadFromMessage(head),
  };
}

export function appendMessage(
  append: Append & { readonly ticket?: RelayTicket },
): MessageInitShape<typeof RelayAppendRequestSchema> {
  const { group, parent, limit, authority, payload, signature } = append;
  const ids = { group: fromHex(group), parent: fromHex(parent), authority: fromHex(authority) };
  return { ...ids, limit, payload, signature, ...ticketMessage(append.ticket) };
}

/** Reads an append. Throws `malformed`. */
export function appendFromMessage(message: RelayAppendRequest): Append & { readonly ticket?: RelayTicket } {
  const { group, parent, limit, authority, payload, signature, ticket } = message;
  if (limit > MAX_APPEND_LIMIT) {
    throw new WeftError({ code: "malformed", message: `a limit of ${limit} children; at most 2^24 - 1` });
  }
  const ids = { group: asId<Append["group"]>(group), parent: asId<Append["group"]>(parent) };
  return { ...ids, limit, authority: asAddress(authority), payload, signature, ...ticketFromMessage(ticket) };
}

export function relayAnswerMessage(outcome: RelayAnswer): MessageInitShape<typeof RelayResponseSchema> {
  switch (outcome.kind) {
    case "submitted":
      return { result: { case: "submitted", value: { transaction: fromHex(outcome.transaction) } } };
    case "stale":
      return { result: { case: "stale", value: { children: outcome.children } } };
    case "exists":
      return { result: { case: "alreadyThere", value: {} } };
    case "work-required":
      return { result: { case: "workRequired", value: outcome.demand } };
    case "refused":
      return { result: { case: "refused", value: refusalMessage(outcome) } };
  }
}

/** Reads a relay's answer. Throws `malformed`. */
export function relayAnswerFromMessage({ result }: RelayResponse): RelayAnswer {
  switch (result.case) {
    case "submitted": {
      const bytes = result.value.transaction;
      const transaction = sizedHex({ bytes, length: ID_BYTES, what: "a transaction hash" });
      return { kind: "submitted", transaction };
    }
    case "stale":
      return { kind: "stale", children: result.value.children };
    case "alreadyThere":
      return { kind: "exists" };
    case "workRequired": {
      const { hour, puzzles, bits } = result.value;
      return { kind: "work-required", demand: { hour, puzzles, bits } };
    }
    default:
      return refusalFromMessage(required(result.value, "a relay result"));
  }
}
