import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Envelope as EnvelopeMessage } from "../gen/weft/v1/envelope_pb.ts";
import type {
  Cursor as CursorMessage,
  CursorSchema,
  PublishResult,
  PublishResultSchema,
  QueryResponse,
  QueryResponseSchema,
  SubscribeResponse,
  SubscribeResponseSchema,
  TopicPosition as TopicPositionMessage,
  TopicPositionSchema,
  Watermark as WatermarkMessage,
  WatermarkSchema,
} from "../gen/weft/v1/node_pb.ts";
import type { Envelope } from "../wire/envelope.ts";
import { fromHex } from "../wire/ids.ts";
import { MAX_VECTOR_LOGS } from "../wire/limits.ts";
import { logRangeFromMessage, logRangeMessage } from "../wire/logRange.ts";
import { receiptFromMessage, receiptMessage } from "../wire/receipt.ts";
import { refusalFromMessage, refusalMessage } from "./errorDetail.ts";
import { bounded, required, sizedHex } from "./fields.ts";
import type {
  Cursor,
  PublishOutcome,
  QueryPage,
  SubscriptionEvent,
  TopicPosition,
  Watermark,
} from "./nodeApi.ts";

export const DATABASE_ID_BYTES = 16;
export const SUBSCRIPTION_BYTES = 16;

/** Reads an envelope, without judging it. Throws `malformed` if it is missing. */
export function envelopeFromMessage(message: EnvelopeMessage | undefined): Envelope {
  const { topic, payload } = required(message, "an envelope");
  return { topic, payload };
}

export function publishResultMessage(outcome: PublishOutcome): MessageInitShape<typeof PublishResultSchema> {
  if (outcome.kind === "refused") return { result: { case: "refused", value: refusalMessage(outcome) } };
  return { result: { case: "receipt", value: receiptMessage(outcome.receipt) } };
}

/** Reads an outcome. Throws `malformed`. */
export function publishResultFromMessage({ result }: PublishResult): PublishOutcome {
  if (result.case === "receipt") return { kind: "acknowledged", receipt: receiptFromMessage(result.value) };
  return refusalFromMessage(required(result.value, "a publish result"));
}

function cursorMessage(cursor: Cursor): MessageInitShape<typeof CursorSchema> {
  return { database: fromHex(cursor.database), offset: cursor.offset };
}

function cursorFromMessage({ database, offset }: CursorMessage): Cursor {
  return {
    database: sizedHex({ bytes: database, length: DATABASE_ID_BYTES, what: "a database id" }),
    offset,
  };
}

export function topicPositionMessage(position: TopicPosition): MessageInitShape<typeof TopicPositionSchema> {
  const { topic, cursor, vector } = position;
  return {
    topic,
    ...(cursor === undefined ? {} : { cursor: cursorMessage(cursor) }),
    // Logs that are left out are only read again.
    vector: vector?.slice(0, MAX_VECTOR_LOGS).map(logRangeMessage) ?? [],
  };
}

/** Reads a position. Throws `malformed`, `too-large`. */
export function topicPositionFromMessage(message: TopicPositionMessage): TopicPosition {
  const { topic, cursor } = message;
  const vector = bounded({ items: message.vector, max: MAX_VECTOR_LOGS, what: "logs of a vector" });
  return {
    topic,
    ...(cursor === undefined ? {} : { cursor: cursorFromMessage(cursor) }),
    ...(vector.length === 0 ? {} : { vector: vector.map(logRangeFromMessage) }),
  };
}

function watermarkMessage(watermark: Watermark): MessageInitShape<typeof WatermarkSchema> {
  return { cursor: cursorMessage(watermark.cursor), vector: watermark.vector.map(logRangeMessage) };
}

function watermarkFromMessage(message: WatermarkMessage | undefined): Watermark {
  const { cursor, vector } = required(message, "a watermark");
  return { cursor: cursorFromMessage(required(cursor, "a cursor")), vector: vector.map(logRangeFromMessage) };
}

export function queryPageMessage(page: QueryPage): MessageInitShape<typeof QueryResponseSchema> {
  return {
    envelopes: page.envelopes.map(({ envelope, receipts, offset }) => ({
      envelope: { ...envelope },
      receipts: receipts.map(receiptMessage),
      offset,
    })),
    watermark: watermarkMessage(page.watermark),
    more: page.more,
  };
}

/** Reads a page of envelopes. Throws `malformed`. */
export function queryPageFromMessage(message: QueryResponse): QueryPage {
  return {
    envelopes: message.envelopes.map(({ envelope, receipts, offset }) => ({
      envelope: envelopeFromMessage(envelope),
      receipts: receipts.map(receiptFromMessage),
      offset,
    })),
    watermark: watermarkFromMessage(message.watermark),
    more: message.more,
  };
}

export function subscriptionEventMessage(
  event: SubscriptionEvent,
): MessageInitShape<typeof SubscribeResponseSchema> {
  switch (event.kind) {
    case "started":
      return { event: { case: "started", value: { subscription: fromHex(event.subscription) } } };
    case "page":
      return { event: { case: "page", value: queryPageMessage(event) } };
    case "idle":
      return { event: { case: "idle", value: watermarkMessage(event.watermark) } };
  }
}

/** Reads an event. Throws `malformed`. */
export function subscriptionEventFromMessage({ event }: SubscribeResponse): SubscriptionEvent {
  switch (event.case) {
    case "started": {
      const bytes = event.value.subscription;
      const subscription = sizedHex({ bytes, length: SUBSCRIPTION_BYTES, what: "a subscription" });
      return { kind: "started", subscription };
    }
    case "page":
      return { kind: "page", ...queryPageFromMessage(event.value) };
    default:
      return { kind: "idle", watermark: watermarkFromMessage(required(event.value, "an event")) };
  }
}
