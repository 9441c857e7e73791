import { WeftError } from "../errors.ts";
import { CALL_TIMEOUT_MS } from "./limits.ts";
import type { OnRefusal } from "./rateLimit.ts";

/** Runs only so many tasks at a time, of each key in its turn: a key with a thousand tasks delays mostly its own. */
export type Turns = {
  /**
   * Runs a task when its turn comes. Throws `limit-exceeded` if too many calls of this key wait, or if this one has
   * waited for CALL_TIMEOUT_MS; the signal's reason if it aborts meanwhile. Streams wait as long as it takes: how many
   * there are is bounded elsewhere, and one message wakes all that read its topic.
   */
  readonly take: <T>(params: {
    key: string;
    isStream: boolean;
    signal: AbortSignal;
    act: () => Promise<T>;
  }) => Promise<T>;
};

const RETRY_MS = 5_000;

/** Opens turns for `perKey` tasks of one key, and `total` of all, at a time; `what` names them in errors. */
export function openTurns(params: {
  perKey: number;
  total: number;
  /** How many calls of one key may wait; streams don't count. */
  maxWaiting: number;
  what: string;
  onRefusal: OnRefusal;
}): Turns {
  const { perKey, total, maxWaiting, what, onRefusal } = params;
  const running = new Map<string, number>();
  /** The waiting tasks by key; the keys are in the order in which their turns come. */
  const waiting = new Map<string, Set<() => void>>();
  /** How many waiting tasks of each key are no streams. */
  const calls = new Map<string, number>();
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
    return new WeftError({ code: "limit-exceeded", message, retryAfterMs: RETRY_MS });
  };
  const count = (key: string, more: number): void => {
    const left = (calls.get(key) ?? 0) + more;
    if (left === 0) calls.delete(key);
    else calls.set(key, left);
  };
  const waitAsCall = async (key: string, signal: AbortSignal): Promise<void> => {
    if ((calls.get(key) ?? 0) >= maxWaiting) throw refuse();
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(refuse()), CALL_TIMEOUT_MS);
    count(key, 1);
    await wait(key, AbortSignal.any([signal, late.signal])).finally(() => {
      clearTimeout(timer);
      count(key, -1);
    });
  };
  const wait = async (key: string, signal: AbortSignal): Promise<void> => {
    const queue = waiting.get(key) ?? new Set();
    waiting.set(key, queue);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => {
      queue.delete(resolve);
      if (queue.size === 0 && waiting.get(key) === queue) waiting.delete(key);
      reject(signal.reason);
    };
    queue.add(resolve);
    signal.addEventListener("abort", onAbort, { once: true });
    await promise.finally(() => signal.removeEventListener("abort", onAbort));
  };
  const take: Turns["take"] = async ({ key, isStream, signal, act }) => {
    signal.throwIfAborted();
    if (mayRun(key)) begin(key);
    else if (isStream) await wait(key, signal);
    else await waitAsCall(key, signal);
    try {
      return await act();
    } finally {
      end(key);
    }
  };
  return { take };
}
