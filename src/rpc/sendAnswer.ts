import { constants } from "node:http2";
import { steadyMs } from "../clock/steadyMs.ts";
import type { Account } from "./accounts.ts";
import type { NodeResponse } from "./httpTypes.ts";

/** A stream is held back no longer than this for what its caller owes: it has to be heard of (STREAM_SILENCE_MS). */
const HELD_BACK_MS = 3_000;

/**
 * The pieces of an answer, for as long as its reader takes something every `unreadMs`: it is dropped then. Those of a stream are counted by `account` until they
 * are taken; `onRefusal` gives the end of one whose caller leaves too much unread.
 */
export async function* watchReader(params: {
  body: AsyncIterable<Uint8Array>;
  response: NodeResponse;
  unreadMs: number;
  stream?: { readonly account: Account; readonly onRefusal: (error: unknown) => Uint8Array };
}): AsyncGenerator<Uint8Array> {
  const { body, response, unreadMs, stream } = params;
  let unreadSinceMs: number | undefined;
  for await (const chunk of body) {
    const waiting = waitingBytes(response);
    unreadSinceMs = waiting === 0 ? undefined : (unreadSinceMs ?? steadyMs());
    if (unreadSinceMs !== undefined && steadyMs() - unreadSinceMs > unreadMs) return drop(response);
    try {
      stream?.account.unread({ bytes: waiting + chunk.length, more: chunk.length });
    } catch (error) {
      if (stream !== undefined) yield stream.onRefusal(error);
      break;
    }
    const timer = setTimeout(drop, unreadMs, response);
    try {
      yield chunk;
    } finally {
      clearTimeout(timer);
    }
    if (stream !== undefined) await holdBack(stream.account);
  }
  dropUnread({ response, unreadMs });
}

/** All of an answer is in the connection's hands: its reader has so long for it. */
export function dropUnread({ response, unreadMs }: { response: NodeResponse; unreadMs: number }): void {
  const timer = setTimeout(drop, unreadMs, response);
  response.once("close", () => clearTimeout(timer));
}

/** What was written and not yet handed to the system. */
function waitingBytes(response: NodeResponse): number {
  return "stream" in response ? response.stream.writableLength : response.writableLength;
}

function drop(response: NodeResponse): void {
  if ("stream" in response) response.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  else response.destroy();
}

async function holdBack(account: Account): Promise<void> {
  const ms = Math.min(HELD_BACK_MS, account.debtMs());
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}
