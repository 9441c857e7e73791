import { WeftError } from "../../errors.ts";
import { fromHex, toHex } from "../../wire/ids.ts";

/** The watches that wait for arrivals, by topic in hex. Writers wake them by topic, never with payloads. */
export type TopicWatches = {
  readonly byTopic: Map<string, Set<TopicWatch>>;
};

/** A watch of some topics; opened before a query, it misses no arrival after the query. Its disposal ends it. */
export type TopicWatch = Disposable & {
  readonly topics: Set<string>;
  readonly woken: Set<string>;
  wake: (() => void) | undefined;
};

const MAX_TOPICS_PER_WATCH = 4096;

export function openTopicWatches(): TopicWatches {
  return { byTopic: new Map() };
}

/** Opens a watch; the caller bounds how many there are. Throws `limit-exceeded` above MAX_TOPICS_PER_WATCH. */
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

/** Adds topics to a watch. Throws `limit-exceeded` above MAX_TOPICS_PER_WATCH. */
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

/** Takes topics out of a watch. */
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
 * Waits for the topics that had arrivals since the last call: resolves at once if there are any, else with the first
 * that is woken; with an empty list after `ms`, or when `signal` aborts.
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

/** Wakes all watches of these topics. */
export function wakeTopics(watches: TopicWatches, topics: readonly Uint8Array[]): void {
  for (const name of new Set(topics.map(toHex))) {
    for (const watch of watches.byTopic.get(name) ?? []) {
      watch.woken.add(name);
      watch.wake?.();
    }
  }
}
