import type { Deadlines } from "./deadlines.ts";

/** How many bytes the headers of a request may have. */
export const HEADER_BYTES = 16 * 1024;
/** How many header fields a request may have. */
export const MAX_HEADERS = 100;
/** How often connections are checked within `headersMs`. */
const LOOKS = 5;

/** Returns the options of an HTTP/1.1 server by which headers and whole requests have to come in time. */
export function http1Bounds({ headersMs, requestMs, idleMs }: Deadlines) {
  return {
    keepAliveTimeout: idleMs,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: headersMs / LOOKS,
    maxHeaderSize: HEADER_BYTES,
  };
}
