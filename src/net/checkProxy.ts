import { openFetch } from "#open-fetch";
import { DIRECT, type ProxyChoice, parseProxy } from "./proxy.ts";

/**
 * Checks the app's proxy. Throws `bad-config` for what is no proxy, and for any proxy where the platform takes none.
 */
export function checkProxy(proxy: ProxyChoice): void {
  if (proxy === undefined || proxy === DIRECT) return;
  parseProxy(proxy);
  openFetch({ url: "http://node.invalid", proxy });
}
