import { type LookupAddress, lookup } from "node:dns";
import { BlockList, isIPv6, type LookupFunction } from "node:net";

/** Addresses that lead nowhere or into the network of whoever asks: the special-purpose registries (RFC 6890). */
const special = new BlockList();
for (const range of [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"],
  ...["192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"],
  ...["203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"],
]) {
  const [address = "", bits] = range.split("/");
  special.addSubnet(address, Number(bits), "ipv4");
}

/** What is global unicast in IPv6; the ranges within it that are not public, or that an IPv4 address hides in. */
const unicast = new BlockList();
unicast.addSubnet("2000::", 3, "ipv6");
for (const [address, bits] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const) {
  special.addSubnet(address, bits, "ipv6");
}

/** True for an address that anybody reaches: not this machine, not a private network, not a special range. */
export function isPublicAddress(address: string): boolean {
  const family = isIPv6(address) ? "ipv6" : "ipv4";
  if (special.check(address, family)) return false;
  return family === "ipv4" || unicast.check(address, family);
}

/** Looks a name up as sockets want it, and gives its public addresses only; fails if it has none. */
export const lookupPublic: LookupFunction = (host, options, done) => {
  lookup(host, { ...options, all: true }, (error, found) => {
    if (error) return done(error, "", 0);
    const addresses = found.filter(({ address }: LookupAddress) => isPublicAddress(address));
    const [first] = addresses;
    if (!first) return done(new Error(`${host} has no public address`), "", 0);
    return options.all ? done(null, addresses) : done(null, first.address, first.family);
  });
};
