import { constants } from "node:http2";
import { steadyMs } from "../clock/steadyMs.ts";
import type { Account } from "./accounts.ts";
import type { NodeResponse } from "./httpTypes.ts";

/** How long a stream is held back at most for what its caller owes: less than STREAM_SILENCE_MS. */
const HELD_BACK_MS = 3_000;

/**
 * Yields the pieces of an answer, and drops the reader once it has taken nothing for `unreadMs`. The pieces of a stream
 * are counted by `account` until they are read; if a reader leaves too much unread, the stream ends with the bytes that
 * `onRefusal` returns.
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

/** Drops the reader of an answer that was written completely, unless the connection closes within `unreadMs`. */
export function dropUnread({ response, unreadMs }: { response: NodeResponse; unreadMs: number }): void {
  const timer = setTimeout(drop, unreadMs, response);
  response.once("close", () => clearTimeout(timer));
}

/** Returns how many bytes were written and not yet handed to the system. */
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
