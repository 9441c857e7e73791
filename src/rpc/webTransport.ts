import { createConnectTransport } from "@connectrpc/connect-web";
import type { OpenTransport } from "./transport.ts";

/** Opens the transport of browsers: `fetch`, which chooses the HTTP version itself. */
export const openTransport: OpenTransport = ({ url: baseUrl, interceptors = [] }) => ({
  transport: createConnectTransport({ baseUrl, useBinaryFormat: true, interceptors: [...interceptors] }),
  close: () => {},
});
