import { WeftError } from "../errors.ts";

/**
 * Says where requests leave: a proxy's URL (`http://`, `https://`, `socks5://`, `socks5h://`, with user and password if
 * it wants them), or `direct`. Undefined: what HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY say. Node.js only.
 */
export type ProxyChoice = string | undefined;

export const DIRECT = "direct";

const PROTOCOLS = new Set(["http:", "https:", "socks:", "socks5:", "socks5h:"]);

/**
 * Parses a proxy's URL. Throws `bad-config` for what is none; the message does not quote it, for it may hold a
 * password.
 */
export function parseProxy(text: string): URL {
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (url !== null && PROTOCOLS.has(url.protocol) && url.hostname !== "") return url;
  throw new WeftError({
    code: "bad-config",
    message: "the proxy's address is not one",
    hint: "Name it like http://proxy.example:3128 or socks5://127.0.0.1:9050, or say `direct`.",
  });
}

/** Gives a URL's host as sockets want it: an IPv6 address without its brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

export function portOf({ port, protocol }: URL): number {
  if (port !== "") return Number(port);
  return protocol === "https:" ? 443 : protocol === "http:" ? 80 : 1080;
}
