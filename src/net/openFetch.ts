import type { ProxyChoice } from "./proxy.ts";

/**
 * Opens the `fetch` that JSON-RPC endpoints are asked by, so that it leaves where all else does; undefined: the
 * platform's own. Each platform has its own (`#open-fetch`). Throws `bad-config`.
 */
export type OpenFetch = (params: { url: string; proxy: ProxyChoice }) => typeof fetch | undefined;
