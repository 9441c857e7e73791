import type { ProxyChoice } from "./proxy.ts";

/**
 * What JSON-RPC endpoints are asked by, so that it leaves where all else does; undefined: by the platform's own. The
 * `#open-fetch` of the platform. Throws `bad-config`.
 */
export type OpenFetch = (params: { url: string; proxy: ProxyChoice }) => typeof fetch | undefined;
