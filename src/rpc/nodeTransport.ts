import { createConnectTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES, PING_INTERVAL_MS, PING_TIMEOUT_MS } from "./limits.ts";
import type { OpenTransport } from "./transport.ts";

/** Node.js: HTTP/2 on one connection that is probed while calls are open, or HTTP/1.1. */
export const openTransport: OpenTransport = ({ url: baseUrl, http, interceptors = [] }) => {
  const common = {
    baseUrl,
    useBinaryFormat: true,
    interceptors: [...interceptors],
    acceptCompression: [],
    readMaxBytes: MAX_RESPONSE_BYTES,
    writeMaxBytes: MAX_REQUEST_BYTES,
  };
  if (http === "1.1") {
    return { transport: createConnectTransport({ ...common, httpVersion: "1.1" }), close: () => {} };
  }
  const sessionManager = new Http2SessionManager(baseUrl, {
    pingIntervalMs: PING_INTERVAL_MS,
    pingTimeoutMs: PING_TIMEOUT_MS,
  });
  const transport = createConnectTransport({ ...common, httpVersion: "2", sessionManager });
  return { transport, close: () => sessionManager.abort() };
};
