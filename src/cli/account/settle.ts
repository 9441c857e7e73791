import pc from "picocolors";
import { type IntentHandle, type IntentOutcome, intentReasons } from "../../index.ts";

const NOTICE_MS = 2_000;

/** Waits for an intent's end and says on standard error that it does; interrupted, says what becomes of it. */
export async function settle(params: { handle: IntentHandle; signal: AbortSignal }): Promise<IntentOutcome> {
  const { handle, signal } = params;
  const say = (text: string) => void process.stderr.write(`${pc.dim(text)}\n`);
  const notice = setTimeout(
    () => say("waiting for the network; Ctrl-C leaves it to the outbox …"),
    NOTICE_MS,
  );
  const stopped = Promise.withResolvers<never>();
  const onAbort = () => {
    say("it stays in the outbox and goes out at the next start");
    stopped.reject(signal.reason);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([handle.settled, stopped.promise]);
  } finally {
    clearTimeout(notice);
    signal.removeEventListener("abort", onAbort);
  }
}

/** The outcome in words: why it failed and what that means. */
export function describeOutcome(outcome: IntentOutcome): string {
  if (outcome.kind === "delivered") return "delivered";
  return `failed: ${outcome.reason} (${intentReasons[outcome.reason]})`;
}
