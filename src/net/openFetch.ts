import type { ProxyChoice } from "./proxy.ts";

/**
 * Opens the `fetch` that JSON-RPC endpoints and stores are asked by, so that it leaves where all else does; undefined: the
 * platform's own. Each platform has its own (`#open-fetch`). Throws `bad-config`.
 */
export type OpenFetch = (params: {
  url: string;
  proxy: ProxyChoice;
  /** Connects to public addresses only. A proxy, and a browser, look names up themselves and decide by themselves. */
  publicOnly?: boolean;
}) => typeof fetch | undefined;
