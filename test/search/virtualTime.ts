import { syncBuiltinESMExports } from "node:module";
import timersPromises from "node:timers/promises";

/**
 * A clock that jumps from timer to timer. While it is installed, everything in this process that asks for the time or
 * waits goes by it: the client's and the nodes' own loops run as they are, and hours pass in milliseconds.
 */
export type VirtualTime = Disposable & {
  readonly nowMs: () => number;
  /** Lets all that is due within `ms` happen. */
  readonly run: (ms: number) => Promise<void>;
  /** Runs until the promise settles; throws if that takes longer than `limitMs`. */
  readonly settle: <T>(promise: Promise<T>, limitMs: number) => Promise<T>;
  /** By how much the machine's clock alone is ahead: timers and the monotonic clock go right. */
  wallLeadMs: number;
  /** By how much each new timer is late; undefined: it is on time. */
  lateness: (() => number) | undefined;
};

type Timer = { readonly atMs: number; readonly order: number; readonly fire: () => void };

const realImmediate = setImmediate;

export function installVirtualTime(startMs: number): VirtualTime {
  let nowMs = startMs;
  let order = 0;
  const timers = new Map<object, Timer>();
  const restore = install({
    nowMs: () => nowMs,
    wallMs: () => nowMs + time.wallLeadMs,
    start: (fire, ms) => {
      const handle = { ref: () => handle, unref: () => handle };
      const inMs = Math.max(0, Math.round(ms)) + (time.lateness?.() ?? 0);
      timers.set(handle, { atMs: nowMs + inMs, order: order++, fire });
      return handle;
    },
    stop: (handle) => timers.delete(handle),
  });
  const step = async (untilMs: number): Promise<boolean> => {
    await quiet();
    const next = firstOf(timers);
    if (next === undefined || next[1].atMs > untilMs) return false;
    const [handle, { atMs, fire }] = next;
    timers.delete(handle);
    nowMs = Math.max(nowMs, atMs);
    fire();
    return true;
  };
  const time: VirtualTime = {
    wallLeadMs: 0,
    lateness: undefined,
    nowMs: () => nowMs,
    run: async (ms) => {
      const untilMs = nowMs + ms;
      while (await step(untilMs));
      nowMs = untilMs;
    },
    settle: async (promise, limitMs) => {
      const untilMs = nowMs + limitMs;
      let isOver = false;
      const watched = promise.finally(() => {
        isOver = true;
      });
      watched.catch(() => undefined);
      await quiet();
      while (!isOver) {
        if (!(await step(untilMs)) && !isOver) throw new Error(`nothing came of it within ${limitMs} ms`);
      }
      return await watched;
    },
    [Symbol.dispose]: restore,
  };
  return time;
}

/** Everything in memory goes on in microtasks: behind an immediate they are all done. */
async function quiet(): Promise<void> {
  await new Promise<void>((resolve) => realImmediate(resolve));
}

function firstOf(timers: ReadonlyMap<object, Timer>): [object, Timer] | undefined {
  let first: [object, Timer] | undefined;
  for (const entry of timers) {
    const isEarlier =
      first === undefined ||
      entry[1].atMs < first[1].atMs ||
      (entry[1].atMs === first[1].atMs && entry[1].order < first[1].order);
    if (isEarlier) first = entry;
  }
  return first;
}

function install(clock: {
  nowMs: () => number;
  wallMs: () => number;
  start: (fire: () => void, ms: number) => object;
  stop: (handle: object) => void;
}): () => void {
  const { setTimeout, clearTimeout } = globalThis;
  const { now } = Date;
  const delay = timersPromises.setTimeout;
  const fakeDelay = <T>(ms = 0, value?: T, options?: { signal?: AbortSignal }): Promise<T | undefined> =>
    new Promise((resolve, reject) => {
      const { signal } = options ?? {};
      const abort = (): void => {
        clock.stop(handle);
        reject(signal?.reason);
      };
      const handle = clock.start(() => {
        signal?.removeEventListener("abort", abort);
        resolve(value);
      }, ms);
      if (signal?.aborted) abort();
      else signal?.addEventListener("abort", abort, { once: true });
    });
  Object.assign(globalThis, {
    setTimeout: (fire: () => void, ms = 0) => clock.start(fire, ms),
    clearTimeout: (handle: object | undefined) => handle && clock.stop(handle),
  });
  Object.assign(timersPromises, { setTimeout: fakeDelay });
  Object.assign(performance, { now: () => clock.nowMs() - performance.timeOrigin });
  Date.now = clock.wallMs;
  syncBuiltinESMExports();
  return () => {
    Object.assign(globalThis, { setTimeout, clearTimeout });
    Object.assign(timersPromises, { setTimeout: delay });
    Reflect.deleteProperty(performance, "now");
    Date.now = now;
    syncBuiltinESMExports();
  };
}
