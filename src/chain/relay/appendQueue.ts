import type { Append } from "../../wire/append.ts";
import type { Chain } from "../provider/chain.ts";
import type { Relayer } from "../submit/openRelayer.ts";
import type { Permit } from "../submit/submitCall.ts";
import { appendTogether, type Waiting } from "./appendTogether.ts";
import { type AppendOutcome, relayAppend } from "./relayAppend.ts";

/** Sends an append as `relayAppend` does, and throws what that throws, once those that were handed over before are sent. */
export type AppendQueue = (asked: { append: Append; permit?: Permit }) => Promise<AppendOutcome>;

/** How many appends go in one transaction at most. */
const MAX_TOGETHER = 32;
/** And how many bytes: sequencers refuse transactions that are much larger than the largest payload. */
const MAX_BYTES_TOGETHER = 84_000;
/** What an append takes in a call besides its payload: ids, lengths, a signature. */
const APPEND_BYTES = 420;

/**
 * Opens the queue of a relayer's appends. While one transaction is being sent, others wait; those that wait then go in
 * one transaction, which saves gas, nonces and questions to the chain.
 */
export function openAppendQueue(params: { chain: Chain; relayer: Relayer }): AppendQueue {
  const waiting: Waiting[] = [];
  let isSending = false;
  const send = async (): Promise<void> => {
    isSending = true;
    while (waiting.length > 0) await sendNext({ ...params, items: waiting.splice(0, countFitting(waiting)) });
    isSending = false;
  };
  return ({ append, permit }) => {
    const { promise, resolve, reject } = Promise.withResolvers<AppendOutcome>();
    waiting.push({ append, permit, resolve, reject });
    if (!isSending) void send();
    return promise;
  };
}

function countFitting(waiting: readonly Waiting[]): number {
  let bytes = 0;
  const tooMany = waiting.findIndex(({ append }, i) => {
    bytes += APPEND_BYTES + append.payload.length;
    return i > 0 && (i === MAX_TOGETHER || bytes > MAX_BYTES_TOGETHER);
  });
  return tooMany < 0 ? waiting.length : tooMany;
}

/** Never throws: whoever waits hears of the fault. */
async function sendNext(params: {
  chain: Chain;
  relayer: Relayer;
  items: readonly Waiting[];
}): Promise<void> {
  const { items } = params;
  try {
    const alone = items.length > 1 ? await appendTogether(params) : items;
    for (const { resolve, reject, ...item } of alone)
      await relayAppend({ ...params, ...item }).then(resolve, reject);
  } catch (error) {
    for (const { reject } of items) reject(error);
  }
}
