import { steadyMs } from "../../clock/steadyMs.ts";
import { waitMs } from "../../clock/waitMs.ts";
import { isWeftError } from "../../errors.ts";
import type { Claim } from "../../reconciler/witness/fact.ts";
import type { Word } from "../../reconciler/witness/testimony.ts";
import { wordOf } from "../../reconciler/witness/wordOf.ts";
import { questionsOf } from "./questionsOf.ts";
import type { Witness } from "./witness.ts";

/** What a witness says, and how far its own chain goes. */
export type Heard = { readonly word: Word; readonly head: Claim["head"] | undefined };

/** The pause before a witness that lacks the block is asked again. */
const ASK_AGAIN_MS = 100;

type Params = { witness: Witness; claim: Claim; finalityBlocks: number; signal: AbortSignal };

/**
 * Asks one witness until it can tell, or `patienceMs` are over. A later answer is dropped; a witness that has said that
 * it lacks the block is not mute. Throws only the signal's reason.
 */
export async function askOne(params: Params & { patienceMs: number }): Promise<Heard> {
  const { patienceMs, signal } = params;
  const endMs = steadyMs() + patienceMs;
  let lacking: Heard | undefined;
  for (;;) {
    const heard = await askOnce({ ...params, timeoutMs: Math.max(1, endMs - steadyMs()) });
    if (heard.word.kind === "mute" && lacking) return lacking;
    if (heard.word.kind !== "lacks" || steadyMs() + ASK_AGAIN_MS >= endMs) return heard;
    lacking = heard;
    await waitMs({ ms: ASK_AGAIN_MS, signal });
    signal.throwIfAborted();
  }
}

async function askOnce(params: Params & { timeoutMs: number }): Promise<Heard> {
  const { witness, claim, finalityBlocks, timeoutMs } = params;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  const signal = AbortSignal.any([params.signal, late.signal]);
  let head: Heard["head"];
  try {
    for (const { facts, question } of questionsOf(claim)) {
      const answer = await endedBy(signal, witness.readWords(question, { signal }));
      head = answer.head;
      const word = wordOf({ head: claim.head, facts, answer, finalityBlocks });
      if (word.kind !== "same") return { word, head };
    }
    return { word: { kind: "same" }, head };
  } catch (error) {
    params.signal.throwIfAborted();
    return { word: wordOfFault(error, late.signal), head };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Makes a word of a fault: garbage counts as no answer; a node that says what is wrong with it is there, and may do
 * better later.
 */
function wordOfFault(error: unknown, late: AbortSignal): Word {
  if (late.aborted) return { kind: "mute" };
  if (!isWeftError(error)) throw error;
  const isMute = ["node-unreachable", "malformed", "closed", "wrong-chain"].includes(error.code);
  return { kind: isMute ? "mute" : "lacks" };
}

/** Gives what the promise gives, unless the signal aborts first: a witness may take for ever. */
async function endedBy<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  aborted.promise.catch(() => undefined);
  promise.catch(() => undefined);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
