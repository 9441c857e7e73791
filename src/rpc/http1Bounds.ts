import type { Deadlines } from "./deadlines.ts";

/** Bytes and number of the headers of one request. */
export const HEADER_BYTES = 16 * 1024;
export const MAX_HEADERS = 100;
/** How often connections are looked at, in their deadlines' time. */
const LOOKS = 5;

/** For servers of HTTP/1.1: headers, and then all of a request, have to come in time. */
export function http1Bounds({ headersMs, requestMs, idleMs }: Deadlines) {
  return {
    keepAliveTimeout: idleMs,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: headersMs / LOOKS,
    maxHeaderSize: HEADER_BYTES,
  };
}
