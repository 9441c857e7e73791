import { createConnectTransport } from "@connectrpc/connect-web";
import type { OpenTransport } from "./transport.ts";

/** Browsers: fetch, which chooses the HTTP version itself. */
export const openTransport: OpenTransport = ({ url: baseUrl }) => ({
  transport: createConnectTransport({ baseUrl, useBinaryFormat: true }),
  close: () => {},
});
