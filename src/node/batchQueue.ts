import { setTimeout as delay } from "node:timers/promises";
import { WeftError } from "../errors.ts";
import { type Envelope, envelopeBytes, envelopeHash } from "../wire/envelope.ts";
import type { EnvelopeHash } from "../wire/ids.ts";
import { MAX_BATCH_ENVELOPES } from "../wire/limits.ts";
import type { Receipt } from "../wire/receipt.ts";
import { isOfStrangers } from "../wire/topic.ts";

type Waiting = { resolve: (receipt: Receipt) => void; reject: (error: unknown) => void };
export type Item = { readonly envelope: Envelope; readonly waiting: Waiting[] };
/** One part of the queue: members' messages, or the kinds that strangers may publish, too. */
type Lane = { readonly items: Map<EnvelopeHash, Item>; bytes: number };
/** Envelopes that wait for the next batch. Mutable. */
export type BatchQueue = { messages: Lane; strangers: Lane; closed: boolean; cutWait: () => void };

const BATCH_TARGET_BYTES = 64 * 1024;
const MAX_QUEUED_ENVELOPES = 8192;
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;
/** When somebody who finds the queue full is told to try again. */
const FULL_RETRY_MS = 1_000;
/**
 * How much of both limits strangers' kinds may fill, in a lane of their own: what waits there takes no member's place.
 */
const STRANGERS_PART = 1 / 4;
/** How much of a batch messages fill first; the rest is for strangers' kinds, while there are enough of both. */
const MESSAGES_TARGET_BYTES = BATCH_TARGET_BYTES * (7 / 8);

export function openBatchQueue(): BatchQueue {
  return {
    messages: { items: new Map(), bytes: 0 },
    strangers: { items: new Map(), bytes: 0 },
    closed: false,
    cutWait: () => undefined,
  };
}

/**
 * Puts an envelope into the queue; resolves with its receipt once the batch is on disk. The same envelope twice shares
 * one place. Rejects with `limit-exceeded` if its part of the queue is full, `closed` if the node is stopping.
 */
export function enqueueEnvelope(queue: BatchQueue, envelope: Envelope): Promise<Receipt> {
  if (queue.closed) return Promise.reject(new WeftError({ code: "closed", message: "the node is stopping" }));
  const hash = envelopeHash(envelope);
  const isStrangers = isOfStrangers(envelope.topic);
  const lane = isStrangers ? queue.strangers : queue.messages;
  const same = lane.items.get(hash);
  return new Promise<Receipt>((resolve, reject) => {
    if (same !== undefined) {
      same.waiting.push({ resolve, reject });
      return;
    }
    const bytes = envelopeBytes(envelope);
    const part = isStrangers ? STRANGERS_PART : 1;
    if (lane.items.size >= part * MAX_QUEUED_ENVELOPES || lane.bytes + bytes > part * MAX_QUEUED_BYTES) {
      const message = `${lane.items.size} envelopes wait for this node's disk`;
      throw new WeftError({ code: "limit-exceeded", message, retryAfterMs: FULL_RETRY_MS });
    }
    lane.items.set(hash, { envelope, waiting: [{ resolve, reject }] });
    lane.bytes += bytes;
    if (isFull(queue)) queue.cutWait();
  });
}

export function countWaiting({ messages, strangers }: BatchQueue): number {
  return messages.items.size + strangers.items.size;
}

function isFull({ messages, strangers }: BatchQueue): boolean {
  return messages.bytes + strangers.bytes >= BATCH_TARGET_BYTES;
}

/** Resolves after `waitMs`, or as soon as a batch is full or the queue is closed. */
export async function waitForMore(queue: BatchQueue, waitMs: number): Promise<void> {
  if (waitMs <= 0 || queue.closed || isFull(queue)) return;
  const cut = new AbortController();
  queue.cutWait = () => cut.abort();
  await delay(waitMs, undefined, { signal: cut.signal }).catch(() => undefined);
  queue.cutWait = () => undefined;
}

/** Takes the next batch out of the queue: messages first, so that no flood of strangers' kinds holds one up. */
export function takeItems({ messages, strangers }: BatchQueue): Item[] {
  const items: Item[] = [];
  let bytes = 0;
  const takeFrom = (lane: Lane, upTo: number): void => {
    for (const [hash, item] of lane.items) {
      if (items.length === MAX_BATCH_ENVELOPES || bytes >= upTo) break;
      const size = envelopeBytes(item.envelope);
      items.push(item);
      lane.items.delete(hash);
      lane.bytes -= size;
      bytes += size;
    }
  };
  takeFrom(messages, MESSAGES_TARGET_BYTES);
  takeFrom(strangers, BATCH_TARGET_BYTES);
  takeFrom(messages, BATCH_TARGET_BYTES);
  return items;
}
