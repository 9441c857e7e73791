/** Bytes and number of the headers of one request. */
export const HEADER_BYTES = 16 * 1024;
export const MAX_HEADERS = 100;
/** Longer than proxies keep a connection for its next request, so that they don't send one into its end. */
export const KEEP_ALIVE_MS = 75_000;

/** For servers of HTTP/1.1: headers, and then all of a request, have to come in time. */
export const http1Bounds = {
  keepAliveTimeout: KEEP_ALIVE_MS,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 2_000,
  maxHeaderSize: HEADER_BYTES,
} as const;
