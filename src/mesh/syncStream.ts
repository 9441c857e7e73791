import type { Connection, Stream } from "@libp2p/interface";
import { lpStream } from "@libp2p/utils";
import { MAX_SYNC_FRAME_BYTES } from "../wire/limits.ts";
import {
  decodeAnswer,
  decodeAsk,
  encodeAnswer,
  encodeAsk,
  MAX_SYNC_REQUEST_BYTES,
  SYNC_PROTOCOL,
  type SyncAnswer,
  type SyncAsk,
} from "./syncMessages.ts";

/** How long a request and its answer may take. */
const EXCHANGE_MS = 15_000;

/** Asks a peer. Throws if the peer does not answer within 15 s, or not by the protocol. */
export async function askPeer(params: {
  connection: Connection;
  ask: SyncAsk;
  signal: AbortSignal;
}): Promise<SyncAnswer> {
  const { connection, ask } = params;
  const signal = AbortSignal.any([params.signal, AbortSignal.timeout(EXCHANGE_MS)]);
  const stream = await connection.newStream(SYNC_PROTOCOL, { signal });
  signal.addEventListener("abort", () => stream.abort(new Error("the exchange took too long")));
  try {
    const frames = lpStream(stream, { maxDataLength: MAX_SYNC_FRAME_BYTES });
    await frames.write(encodeAsk(ask), { signal });
    const answer = decodeAnswer((await frames.read({ signal })).subarray());
    await stream.close({ signal });
    return answer;
  } finally {
    abortUnlessClosed(stream);
  }
}

/** Reads the request of a stream that a peer opened, and answers it. Throws if that takes longer than 15 s. */
export async function answerPeer(params: {
  stream: Stream;
  answer: (ask: SyncAsk) => Promise<SyncAnswer>;
  signal: AbortSignal;
}): Promise<void> {
  const { stream, answer } = params;
  const signal = AbortSignal.any([params.signal, AbortSignal.timeout(EXCHANGE_MS)]);
  signal.addEventListener("abort", () => stream.abort(new Error("the exchange took too long")));
  try {
    const frames = lpStream(stream, { maxDataLength: MAX_SYNC_REQUEST_BYTES });
    const ask = decodeAsk((await frames.read({ signal })).subarray());
    // `write` waits until the stream drains, so a slow reader costs one page.
    await frames.write(encodeAnswer(await answer(ask)), { signal });
    await stream.close({ signal });
  } finally {
    abortUnlessClosed(stream);
  }
}

function abortUnlessClosed(stream: Stream): void {
  if (stream.writeStatus !== "closed") stream.abort(new Error("the exchange is over"));
}
