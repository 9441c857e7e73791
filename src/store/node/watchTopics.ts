import { WeftError } from "../../errors.ts";
import { fromHex, toHex } from "../../wire/ids.ts";

/** Who waits for which topics. Writers wake them with topic ids, never with payloads. */
export type TopicWatches = {
  readonly byTopic: Map<string, Set<TopicWatch>>;
};

/** One waiter: open it before the query, so that nothing falls between query and wait. Disposing ends it. */
export type TopicWatch = Disposable & {
  readonly topics: Set<string>;
  readonly woken: Set<string>;
  wake: (() => void) | undefined;
};

const MAX_TOPICS_PER_WATCH = 4096;

export function openTopicWatches(): TopicWatches {
  return { byTopic: new Map() };
}

/** How many may wait is whoever lets them in to say. WeftError `limit-exceeded` above MAX_TOPICS_PER_WATCH. */
export function watchTopics(params: { watches: TopicWatches; topics: readonly Uint8Array[] }): TopicWatch {
  const { watches } = params;
  const watch: TopicWatch = {
    topics: new Set(),
    woken: new Set(),
    wake: undefined,
    [Symbol.dispose]: () => unwatch({ watches, watch, topics: [...watch.topics].map(fromHex) }),
  };
  addTopics({ watches, watch, topics: params.topics });
  return watch;
}

/** WeftError `limit-exceeded` above MAX_TOPICS_PER_WATCH. */
export function addTopics(params: {
  watches: TopicWatches;
  watch: TopicWatch;
  topics: readonly Uint8Array[];
}): void {
  const { watches, watch, topics } = params;
  if (watch.topics.size + topics.length > MAX_TOPICS_PER_WATCH) {
    throw new WeftError({ code: "limit-exceeded", message: `more than ${MAX_TOPICS_PER_WATCH} topics` });
  }
  for (const name of topics.map(toHex)) {
    watch.topics.add(name);
    const others = watches.byTopic.get(name);
    if (others === undefined) watches.byTopic.set(name, new Set([watch]));
    else others.add(watch);
  }
}

export function unwatch(params: {
  watches: TopicWatches;
  watch: TopicWatch;
  topics: readonly Uint8Array[];
}): void {
  const { watches, watch, topics } = params;
  for (const name of topics.map(toHex)) {
    watch.topics.delete(name);
    watch.woken.delete(name);
    const others = watches.byTopic.get(name);
    others?.delete(watch);
    if (others?.size === 0) watches.byTopic.delete(name);
  }
}

/**
 * Topics with arrivals since the last call: at once if there are any, else when one is woken; an empty list after `ms`,
 * or when `signal` aborts.
 */
export async function nextWake(params: {
  watch: TopicWatch;
  ms: number;
  signal: AbortSignal;
}): Promise<Uint8Array[]> {
  const { watch, ms, signal } = params;
  if (watch.woken.size === 0 && !signal.aborted) {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        watch.wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      watch.wake = done;
      signal.addEventListener("abort", done);
    });
  }
  const topics = [...watch.woken].map(fromHex);
  watch.woken.clear();
  return topics;
}

export function wakeTopics(watches: TopicWatches, topics: readonly Uint8Array[]): void {
  for (const name of new Set(topics.map(toHex))) {
    for (const watch of watches.byTopic.get(name) ?? []) {
      watch.woken.add(name);
      watch.wake?.();
    }
  }
}
