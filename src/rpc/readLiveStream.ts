import { WeftError } from "../errors.ts";
import { toWeftError } from "./errorDetail.ts";

/**
 * Reads a stream that is meant to last. Throws `node-unreachable` if the stream ends, or is silent for `silenceMs`
 * while the reader waits; the signal's reason once it aborts.
 */
export async function* readLiveStream<T>(params: {
  open: (options: { signal: AbortSignal }) => AsyncIterable<T>;
  signal: AbortSignal;
  silenceMs: number;
}): AsyncGenerator<T, never> {
  const { open, signal, silenceMs } = params;
  signal.throwIfAborted();
  const silence = new AbortController();
  const events = open({ signal: AbortSignal.any([signal, silence.signal]) })[Symbol.asyncIterator]();
  try {
    while (true) {
      const next = await withinMs({ promise: events.next(), ms: silenceMs, signal });
      if (next.done === true) throw gone("the node ended the stream");
      yield next.value;
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : toWeftError(error);
  } finally {
    silence.abort();
  }
}

async function withinMs<T>(params: { promise: Promise<T>; ms: number; signal: AbortSignal }): Promise<T> {
  const { promise, ms, signal } = params;
  // If the signal has aborted already, nothing awaits the promise: its rejection must not stay unhandled.
  promise.catch(() => undefined);
  signal.throwIfAborted();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => reject(gone(`the node was silent for ${ms} ms`)), ms);
  try {
    return await Promise.race([promise, stopped]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

function gone(message: string): WeftError {
  return new WeftError({ code: "node-unreachable", message });
}
