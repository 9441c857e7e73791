import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { WeftError } from "../errors.ts";
import type { Heads as HeadsMessage, LogHead as LogHeadMessage } from "../gen/weft/v1/sync_pb.ts";
import { SyncRequestSchema, SyncResponseSchema } from "../gen/weft/v1/sync_pb.ts";
import { type Batch, batchFromMessage, batchMessage } from "../wire/batch.ts";
import { decodeStrict, encodeCanonical } from "../wire/decodeStrict.ts";
import { fromHex, type Hex, ID_BYTES, toHex } from "../wire/ids.ts";
import { MAX_SYNC_FRAME_BYTES } from "../wire/limits.ts";
import { type LogId, logIdFromMessage, logRangeFromMessage, logRangeMessage } from "../wire/logRange.ts";
import type { LogHead, TopHead } from "./meshLog.ts";

/** The sync protocol's name; a stream carries one request and its answer. */
export const SYNC_PROTOCOL = "/weft/sync/1";
/** The longest request: MAX_HEADS heads of about 120 bytes each, and branches. */
export const MAX_SYNC_REQUEST_BYTES = 256 * 1024;
/** How many heads a message tells at most. */
export const MAX_HEADS = 1000;
/** How many branches of a forked log a message tells at most. */
const MAX_BRANCHES = 16;
/** The latest time that a JavaScript Date can hold. */
const MAX_TIME_MS = 8_640_000_000_000_000n;

/** What a node tells of its logs and its clock (milliseconds since 1970), in a request or an answer. */
export type ToldHeads = {
  readonly kind: "heads";
  readonly heads: readonly TopHead[];
  /** Undefined if the node does not tell it. */
  readonly clockMs: number | undefined;
};

/** A request of the sync protocol. */
export type SyncAsk =
  | ToldHeads
  | {
      readonly kind: "range";
      readonly log: LogId;
      readonly from: bigint;
      readonly until: bigint | undefined;
      readonly maxBytes: number;
    }
  | { readonly kind: "head"; readonly log: LogId }
  /** Asks how far the peer has read the chain. */
  | { readonly kind: "block" }
  | { readonly kind: "batch"; readonly log: LogId; readonly end: bigint; readonly headerHash: Hex };

/** An answer of the sync protocol. */
export type SyncAnswer =
  | ToldHeads
  | { readonly kind: "page"; readonly batches: readonly Batch[] }
  | { readonly kind: "absent"; readonly availableFrom: bigint | undefined }
  | { readonly kind: "pruned"; readonly floor: bigint }
  | { readonly kind: "head"; readonly head: LogHead }
  /** The number of the newest block that the peer has read; 0 if it has read none. */
  | { readonly kind: "block"; readonly number: number }
  | { readonly kind: "refused"; readonly code: string; readonly retryAfterMs: number };

export function encodeAsk(ask: SyncAsk): Uint8Array {
  return encodeCanonical(SyncRequestSchema, create(SyncRequestSchema, { request: requestOf(ask) }));
}

/** Decodes a request. Throws `malformed` or `too-large`. */
export function decodeAsk(bytes: Uint8Array): SyncAsk {
  const { request } = decodeStrict({ schema: SyncRequestSchema, bytes, maxBytes: MAX_SYNC_REQUEST_BYTES });
  switch (request.case) {
    case "heads":
      return headsFrom(request.value);
    case "fetchRange": {
      const { log, from, until, maxBytes } = request.value;
      return {
        kind: "range",
        log: logIdFromMessage(log),
        from,
        until: until === 0n ? undefined : until,
        maxBytes,
      };
    }
    case "headOf":
      return { kind: "head", log: logIdFromMessage(request.value.log) };
    case "fetchBatch": {
      const { log, end, headerHash } = request.value;
      return { kind: "batch", log: logIdFromMessage(log), end, headerHash: toHex(headerHash) };
    }
    case "block":
      return { kind: "block" };
    default:
      throw malformed("a sync request without a request");
  }
}

export function encodeAnswer(answer: SyncAnswer): Uint8Array {
  return encodeCanonical(SyncResponseSchema, create(SyncResponseSchema, { response: responseOf(answer) }));
}

/** Decodes an answer. Throws `malformed` or `too-large`, also for a batch whose root or count does not fit. */
export function decodeAnswer(bytes: Uint8Array): SyncAnswer {
  const { response } = decodeStrict({ schema: SyncResponseSchema, bytes, maxBytes: MAX_SYNC_FRAME_BYTES });
  switch (response.case) {
    case "heads":
      return headsFrom(response.value);
    case "rangePage":
      return { kind: "page", batches: response.value.batches.map(batchFromMessage) };
    case "absent": {
      const { availableFrom } = response.value;
      return { kind: "absent", availableFrom: availableFrom === 0n ? undefined : availableFrom };
    }
    case "pruned":
      return { kind: "pruned", floor: response.value.floor };
    case "head":
      return { kind: "head", head: headFrom(response.value) };
    case "block": {
      const { number } = response.value;
      if (number > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(`a block's number ${number}`);
      return { kind: "block", number: Number(number) };
    }
    case "refused":
      return { kind: "refused", code: response.value.code, retryAfterMs: response.value.retryAfterMs };
    default:
      throw malformed("a sync response without a response");
  }
}

function requestOf(ask: SyncAsk): NonNullable<MessageInitShape<typeof SyncRequestSchema>["request"]> {
  switch (ask.kind) {
    case "heads":
      return { case: "heads", value: headsMessage(ask) };
    case "range": {
      const { from, until = 0n, maxBytes } = ask;
      return { case: "fetchRange", value: { log: logMessage(ask.log), from, until, maxBytes } };
    }
    case "head":
      return { case: "headOf", value: { log: logMessage(ask.log) } };
    case "batch": {
      const headerHash = fromHex(ask.headerHash);
      return { case: "fetchBatch", value: { log: logMessage(ask.log), end: ask.end, headerHash } };
    }
    case "block":
      return { case: "block", value: {} };
  }
}

function responseOf(
  answer: SyncAnswer,
): NonNullable<MessageInitShape<typeof SyncResponseSchema>["response"]> {
  switch (answer.kind) {
    case "heads":
      return { case: "heads", value: headsMessage(answer) };
    case "page":
      return { case: "rangePage", value: { batches: answer.batches.map(batchMessage) } };
    case "absent":
      return { case: "absent", value: { availableFrom: answer.availableFrom ?? 0n } };
    case "pruned":
      return { case: "pruned", value: { floor: answer.floor } };
    case "head":
      return { case: "head", value: headMessage({ ...answer.head, branches: [] }) };
    case "block":
      return { case: "block", value: { number: BigInt(answer.number) } };
    case "refused":
      return { case: "refused", value: { code: answer.code, retryAfterMs: answer.retryAfterMs } };
  }
}

function headsFrom({ logs, clockMs }: HeadsMessage): ToldHeads {
  if (logs.length > MAX_HEADS) throw malformed(`heads of ${logs.length} logs`);
  if (clockMs > MAX_TIME_MS) throw malformed("a clock that shows no time");
  return { kind: "heads", heads: logs.map(headFrom), clockMs: clockMs === 0n ? undefined : Number(clockMs) };
}

function headsMessage({ heads, clockMs = 0 }: ToldHeads) {
  return { logs: heads.map(headMessage), clockMs: BigInt(clockMs) };
}

function headFrom({ range, highest, branches }: LogHeadMessage): TopHead {
  if (range === undefined || highest < range.next) throw malformed("a log's head that ends before it begins");
  if (branches.length > MAX_BRANCHES || branches.some(({ headerHash }) => headerHash.length !== ID_BYTES)) {
    throw malformed("a log's head with bad branches");
  }
  const ends = branches.map(({ end, headerHash }) => ({ end, headerHash: toHex(headerHash) }));
  return { range: logRangeFromMessage(range), highest, branches: ends };
}

function headMessage({ range, highest, branches }: TopHead) {
  const ends = branches.map(({ end, headerHash }) => ({ end, headerHash: fromHex(headerHash) }));
  return { range: logRangeMessage(range), highest, branches: ends };
}

function logMessage(log: LogId) {
  return { ...log, node: fromHex(log.node) };
}

function malformed(message: string): WeftError {
  return new WeftError({ code: "malformed", message });
}
