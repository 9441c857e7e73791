import { constants } from "node:http2";
import type { NodeRequest, NodeResponse } from "./rpcListener.ts";

/** What is still on its way of a body that nobody wants is read and thrown away within these bounds. */
const LINGER_BYTES = 1024 * 1024;
const LINGER_MS = 1_000;

/**
 * Ends a call whose body is not read to its end. A caller that is still sending would not read the answer if its
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
  const close = (): void => void socket.destroy();
  const timer = setTimeout(close, LINGER_MS);
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > LINGER_BYTES) close();
  });
  request.once("close", () => clearTimeout(timer));
  request.resume();
}
