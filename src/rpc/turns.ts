import { WeftError } from "../errors.ts";
import { CALL_TIMEOUT_MS } from "./limits.ts";
import type { OnRefusal } from "./rateLimit.ts";

/** So many at a time, each key in its turn: who asks a thousand times waits behind itself, not others behind it. */
export type Turns = {
  /**
   * Throws `limit-exceeded` if too many of this key wait, or one for as long as its caller does, and the signal's reason
   * if it aborts meanwhile.
   */
  readonly take: <T>(params: { key: string; signal: AbortSignal; act: () => Promise<T> }) => Promise<T>;
};

const RETRY_MS = 5_000;

export function openTurns(params: {
  perKey: number;
  total: number;
  maxWaiting: number;
  what: string;
  onRefusal: OnRefusal;
}): Turns {
  const { perKey, total, maxWaiting, what, onRefusal } = params;
  const running = new Map<string, number>();
  /** By key, in the order in which their turns come. */
  const waiting = new Map<string, Set<() => void>>();
  let sum = 0;
  const mayRun = (key: string): boolean => sum < total && (running.get(key) ?? 0) < perKey;
  const begin = (key: string): void => {
    sum++;
    running.set(key, (running.get(key) ?? 0) + 1);
  };
  const end = (key: string): void => {
    sum--;
    const left = (running.get(key) ?? 1) - 1;
    if (left === 0) running.delete(key);
    else running.set(key, left);
    for (const [next, queue] of waiting) {
      if (!mayRun(next)) continue;
      const [go] = queue;
      waiting.delete(next);
      if (go !== undefined) queue.delete(go);
      if (queue.size > 0) waiting.set(next, queue);
      begin(next);
      go?.();
      return;
    }
  };
  const refuse = (): WeftError => {
    onRefusal(what);
    const message = `too many ${what} from this address; wait ${RETRY_MS} ms`;
    return new WeftError({ code: "limit-exceeded", message });
  };
  const wait = async (key: string, signal: AbortSignal): Promise<void> => {
    const queue = waiting.get(key) ?? new Set();
    if (queue.size >= maxWaiting) throw refuse();
    waiting.set(key, queue);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (reason: unknown): void => {
      queue.delete(resolve);
      if (queue.size === 0 && waiting.get(key) === queue) waiting.delete(key);
      reject(reason);
    };
    const onAbort = (): void => leave(signal.reason);
    queue.add(resolve);
    signal.addEventListener("abort", onAbort, { once: true });
    const timer = setTimeout(() => leave(refuse()), CALL_TIMEOUT_MS);
    await promise.finally(() => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    });
  };
  const take: Turns["take"] = async ({ key, signal, act }) => {
    signal.throwIfAborted();
    if (mayRun(key)) begin(key);
    else await wait(key, signal);
    try {
      return await act();
    } finally {
      end(key);
    }
  };
  return { take };
}
