import { constants } from "node:http2";
import type { NodeRequest, NodeResponse } from "./httpTypes.ts";

/** How long the rest of an unwanted body is received and thrown away. */
const LINGER_MS = 1_000;

/**
 * Ends a call whose body is not read to its end. A caller that still sends would not get the answer if its connection
 * broke: so over HTTP/2 the stream is closed after the answer, over HTTP/1.1 the rest is received for a moment.
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
