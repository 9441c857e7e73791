import { BlockList, isIP } from "node:net";
import { hostOf, portOf } from "./proxy.ts";

/**
 * The variables that name proxies, as programs agree on them: the lower-case name of each counts before the upper-case
 * one.
 */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

const LOOPBACK = subnets(["127.0.0.0/8", "::1/128"]);

/** Gives the proxy that the environment names for a URL; undefined: none. No proxy is used for this machine itself. */
export function environmentProxy(params: { url: URL; environment: ProxyEnvironment }): string | undefined {
  const { url, environment } = params;
  const read = (name: string): string =>
    environment[name.toLowerCase()] || environment[name.toUpperCase()] || "";
  const proxy = read(`${url.protocol.slice(0, -1)}_proxy`) || read("all_proxy");
  if (proxy === "" || isLoopback(hostOf(url))) return undefined;
  return read("no_proxy")
    .split(/[\s,]+/)
    .some((rule) => rule !== "" && excludes({ rule, url }))
    ? undefined
    : proxy;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || contains(LOOPBACK, host);
}

/**
 * True if a rule of NO_PROXY fits a URL. A rule is `*`, a range of addresses, an address, or a host with its
 * subdomains; the last two with a port if there is one.
 */
function excludes(params: { rule: string; url: URL }): boolean {
  const { rule, url } = params;
  const host = hostOf(url);
  if (rule === "*") return true;
  if (rule.includes("/")) return contains(subnets([rule]), host);
  const [, bracketed, named, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(rule) ?? [];
  if (port !== undefined && Number(port) !== portOf(url)) return false;
  const name = (bracketed ?? named ?? rule).toLowerCase();
  if (isIP(name))
    return isIP(host) === isIP(name) && contains(subnets([`${name}/${isIP(name) === 6 ? 128 : 32}`]), host);
  const suffix = name.replace(/^\*?\.?/, ".");
  return `.${host}`.endsWith(suffix);
}

function subnets(rules: readonly string[]): BlockList {
  const list = new BlockList();
  for (const rule of rules) {
    const [address = "", bits] = rule.replace(/[[\]]/g, "").split("/");
    const family = isIP(address);
    const width = Number(bits);
    if (family !== 0 && width <= (family === 6 ? 128 : 32))
      list.addSubnet(address, width, family === 6 ? "ipv6" : "ipv4");
  }
  return list;
}

function contains(list: BlockList, host: string): boolean {
  const family = isIP(host);
  return family !== 0 && list.check(host, family === 6 ? "ipv6" : "ipv4");
}
