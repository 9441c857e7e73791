import { constants } from "node:http2";
import type { NodeRequest, NodeResponse } from "./httpTypes.ts";

/** For so long is let in, and thrown away, what is still on its way of a body that nobody wants. */
const LINGER_MS = 1_000;

/**
 * Ends a call whose body is not read to its end. A caller that is still sending would not get the answer if its
 * connection broke: over HTTP/2 the stream is closed after it, over HTTP/1.1 the rest is let in for a moment.
 */
export function endRefused(params: { request: NodeRequest; response: NodeResponse }): void {
  const { request, response } = params;
  if ("stream" in response) {
    const { stream } = response;
    stream.once("finish", () => stream.close(constants.NGHTTP2_NO_ERROR));
    return;
  }
  if (request.complete) return;
  const { socket } = request;
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  request.once("close", () => clearTimeout(timer));
  request.resume();
}
