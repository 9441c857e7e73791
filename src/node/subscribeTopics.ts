import { randomBytes } from "#crypto";
import { WeftError } from "../errors.ts";
import { MAX_PAGE_BYTES, STREAM_HEARTBEAT_MS } from "../rpc/limits.ts";
import type { Meter, SubscriptionEvent, SubscriptionUpdate, TopicPosition } from "../rpc/nodeApi.ts";
import type { LogStore } from "../store/node/logStore.ts";
import { addTopics, nextWake, type TopicWatch, unwatch, watchTopics } from "../store/node/watchTopics.ts";
import { type Hex, toHex } from "../wire/ids.ts";
import { parseTopic } from "../wire/topic.ts";
import { presentWatermark, queryPage } from "./queryPage.ts";

/** Open subscriptions by id, each with the function that changes it. */
export type Subscriptions = Map<Hex, (update: Omit<SubscriptionUpdate, "subscription">) => void>;

const SUBSCRIPTION_BYTES = 16;
/** Bytes of memory that a watched topic takes, and each log of the vector that came with it. */
const WATCHED_TOPIC_BYTES = 1_280;
const VECTOR_LOG_BYTES = 256;

/**
 * Streams the envelopes of some topics: pages, and `idle` whenever all topics are read, at least every
 * STREAM_HEARTBEAT_MS. The store wakes it with topic ids; contents are read here, page by page, as fast as the reader
 * takes them. Ends by throwing: `not-ready` when the signal aborts, `bad-cursor`, `pruned`.
 */
export async function* subscribeTopics(params: {
  store: LogStore;
  subscriptions: Subscriptions;
  topics: readonly TopicPosition[];
  meter: Meter;
  signal: AbortSignal;
}): AsyncGenerator<SubscriptionEvent, never> {
  const { store, subscriptions, meter, signal } = params;
  const { watches } = store;
  for (const { topic } of params.topics) parseTopic(topic);
  meter.keep(bytesOf(params.topics));
  using watch = watchTopics({ watches, topics: params.topics.map(({ topic }) => topic) });
  const positions = new Map(params.topics.map((position) => [toHex(position.topic), position]));
  const unread = new Set(positions.keys());
  const subscription = toHex(randomBytes(SUBSCRIPTION_BYTES));
  subscriptions.set(subscription, ({ add, remove }) => {
    meter.keep(bytesOf(positions.values()) + bytesOf(add));
    addTopics({ watches, watch, topics: add.map(({ topic }) => topic) });
    for (const position of add) positions.set(toHex(position.topic), position);
    for (const position of add) unread.add(toHex(position.topic));
    unwatch({ watches, watch, topics: remove });
    for (const topic of remove) positions.delete(toHex(topic));
    meter.keep(bytesOf(positions.values()));
    watch.wake?.();
  });
  try {
    yield { kind: "started", subscription };
    while (!signal.aborted) {
      yield* readUnread({ store, watch, positions, unread, meter });
      await wake({ watch, unread, signal });
    }
  } finally {
    subscriptions.delete(subscription);
  }
  throw new WeftError({ code: "not-ready", message: "the stream was ended" });
}

function bytesOf(positions: Iterable<TopicPosition>): number {
  let bytes = 0;
  for (const { vector = [] } of positions) bytes += WATCHED_TOPIC_BYTES + vector.length * VECTOR_LOG_BYTES;
  return bytes;
}

/**
 * Changes an open subscription. Throws `closed` if no such subscription is open here, `limit-exceeded` for too many
 * topics, `unknown-topic`.
 */
export function updateSubscription(params: {
  subscriptions: Subscriptions;
  update: SubscriptionUpdate;
}): void {
  const { subscription, add, remove } = params.update;
  const change = params.subscriptions.get(subscription);
  if (change === undefined) {
    const message = `no subscription ${subscription} is open`;
    throw new WeftError({ code: "closed", message, hint: "Subscribe anew with all topics." });
  }
  for (const { topic } of add) parseTopic(topic);
  change({ add, remove });
}

async function* readUnread(params: {
  store: LogStore;
  watch: TopicWatch;
  positions: Map<string, TopicPosition>;
  unread: Set<string>;
  meter: Meter;
}): AsyncGenerator<SubscriptionEvent> {
  const { store, watch, positions, unread, meter } = params;
  for (;;) {
    for (const topic of watch.woken) unread.add(topic);
    watch.woken.clear();
    if (unread.size === 0) {
      const watermark = presentWatermark({ store, topics: [...positions.values()] });
      // Nothing woke these topics before this place, so they are read up to it.
      const { cursor } = watermark;
      for (const [topic, position] of positions) positions.set(topic, { ...position, cursor });
      yield { kind: "idle", watermark };
      return;
    }
    const asked = new Map([...positions].filter(([topic]) => unread.has(topic)));
    unread.clear();
    const topics = [...asked.values()];
    const page = await meter.turn(() => queryPage({ store, topics, maxBytes: MAX_PAGE_BYTES }));
    const { cursor } = page.watermark;
    // Topics that were added, moved or removed meanwhile keep what was said of them last.
    for (const [topic, position] of asked) {
      if (positions.get(topic) === position) positions.set(topic, { ...position, cursor });
      if (page.more) unread.add(topic);
    }
    if (page.envelopes.length > 0) yield { kind: "page", ...page };
  }
}

async function wake(params: { watch: TopicWatch; unread: Set<string>; signal: AbortSignal }): Promise<void> {
  const { watch, unread, signal } = params;
  if (unread.size > 0) return;
  const woken = await nextWake({ watch, ms: STREAM_HEARTBEAT_MS, signal });
  for (const topic of woken) unread.add(toHex(topic));
}
