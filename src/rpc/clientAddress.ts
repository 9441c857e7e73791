import type { IncomingHttpHeaders } from "node:http";
import { BlockList, isIP, SocketAddress } from "node:net";
import { WeftError } from "../errors.ts";

/** The proxies in front of a server. */
export type ProxySettings = {
  /** The proxies' IP addresses, or networks such as `10.0.0.0/8`. */
  readonly trusted: readonly string[];
  /** The header in which they name the client (`forwarded`: RFC 7239). */
  readonly header: "x-forwarded-for" | "forwarded";
};

/** The proxies in front of a server, in the form in which `clientAddress` needs them. */
export type Proxies = {
  readonly isTrusted: (address: string) => boolean;
  readonly header: ProxySettings["header"];
};

/** Reads the settings of proxies. Throws `bad-config` for a text that is neither an address nor a network. */
export function readProxies({ trusted, header }: ProxySettings): Proxies {
  const list = new BlockList();
  for (const written of trusted) addRange(list, written);
  const isTrusted = (address: string): boolean => {
    const family = isIP(address);
    return family !== 0 && list.check(address, family === 4 ? "ipv4" : "ipv6");
  };
  return { isTrusted, header };
}

/**
 * Returns the address that a request comes from: the connection's, or, while that is a trusted proxy's, the one that
 * the proxy names. So the rightmost address that is no trusted proxy's counts: anybody may have written those before
 * it. A trusted proxy that names no valid address counts as the caller itself.
 */
export function clientAddress(params: {
  remote: string;
  headers: IncomingHttpHeaders;
  proxies: Proxies;
}): string {
  const { remote, headers, proxies } = params;
  let address = plainAddress(remote);
  if (!proxies.isTrusted(address)) return address;
  const named = forwardedAddresses({ headers, header: proxies.header });
  for (const hop of named.toReversed()) {
    if (hop === undefined) return address;
    address = hop;
    if (!proxies.isTrusted(address)) return address;
  }
  return address;
}

/** Lists the addresses that a header names, in its order; undefined for a text that is no address. */
function forwardedAddresses(params: {
  headers: IncomingHttpHeaders;
  header: ProxySettings["header"];
}): (string | undefined)[] {
  const { headers, header } = params;
  const text = headers[header];
  if (typeof text !== "string" || text.trim() === "") return [];
  if (header === "x-forwarded-for") return text.split(",").map(addressOf);
  return text.split(",").map((element) => {
    const pairs = element.split(";").map((pair) => /^\s*for\s*=\s*"?([^"]*)"?\s*$/i.exec(pair)?.[1]);
    return addressOf(pairs.find((value) => value !== undefined) ?? "");
  });
}

/** Returns the address that a header holds, without port and brackets; undefined if it is no address. */
function addressOf(written: string): string | undefined {
  const text = written.trim();
  const bracketed = /^\[([0-9a-f:.]+)\](?::\d+)?$/i.exec(text)?.[1];
  const withPort = /^([0-9.]+):\d+$/.exec(text)?.[1];
  const address = plainAddress(bracketed ?? withPort ?? text);
  return isIP(address) === 0 ? undefined : address;
}

/** Writes an address as the system does; an IPv4 address that is mapped to IPv6 becomes plain. */
function plainAddress(written: string): string {
  const [text = ""] = written.split("%");
  if (isIP(text) !== 6) return text;
  const { address } = new SocketAddress({ address: text, family: "ipv6" });
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

function addRange(list: BlockList, written: string): void {
  const [address = "", prefix, ...rest] = written.split("/");
  const family = isIP(address) === 4 ? "ipv4" : "ipv6";
  const most = family === "ipv4" ? 32 : 128;
  const length = prefix === undefined ? most : Number(prefix);
  if (isIP(address) === 0 || rest.length > 0 || !/^\d+$/.test(prefix ?? "0") || length > most) {
    throw new WeftError({
      code: "bad-config",
      message: `WEFT_TRUSTED_PROXIES: no address and no network: ${written}`,
      hint: "Write IP addresses, or networks as 10.0.0.0/8 or fd00::/8, with commas.",
    });
  }
  list.addSubnet(address, length, family);
}
