import { isIPv6 } from "node:net";
import { WeftError } from "../errors.ts";

/** How fast a bucket of tokens refills, and how many tokens it can hold. */
export type Rate = { readonly perSecond: number; readonly burst: number };

/** Told what a refused caller had too much of. */
export type OnRefusal = (what: string) => void;

/** One bucket of tokens per key. Mutable. */
export type TokenBuckets = {
  /** True if the key's bucket holds enough. */
  readonly fits: (params: { key: string; cost: number }) => boolean;
  /** Takes tokens. Throws `limit-exceeded` with the time to wait, and takes nothing, if there are too few. */
  readonly take: (params: { key: string; cost: number }) => void;
  /** Takes tokens for what was used already; the key may owe some afterwards. */
  readonly owe: (params: { key: string; cost: number }) => void;
  /** In how many milliseconds the key's bucket will hold enough, if nobody takes more; infinite: never. */
  readonly waitMs: (params: { key: string; cost: number }) => number;
  /** How long it takes, in milliseconds, until the key owes nothing. */
  readonly debtMs: (key: string) => number;
};

const MAX_TRACKED_ADDRESSES = 50_000;
const IPV6_NETWORK_GROUPS = 4;

/** Makes buckets that are full at first; of very many keys, the ones least recently used are forgotten. */
export function createTokenBuckets(
  params: Rate & { what: string; nowMs: () => number; onRefusal?: OnRefusal },
): TokenBuckets {
  const { perSecond, burst, what, nowMs, onRefusal = () => undefined } = params;
  const buckets = new Map<string, { tokens: number; at: number }>();
  const available = (key: string): number => {
    const bucket = buckets.get(key);
    if (bucket === undefined) return burst;
    return Math.min(burst, bucket.tokens + ((nowMs() - bucket.at) / 1000) * perSecond);
  };
  const keep = (key: string, tokens: number): void => {
    // Re-insertion keeps the map in the order of last use, so that the oldest is dropped first.
    buckets.delete(key);
    buckets.set(key, { tokens, at: nowMs() });
    dropOldest(buckets);
  };
  const take: TokenBuckets["take"] = ({ key, cost }) => {
    const tokens = available(key);
    keep(key, tokens >= cost ? tokens - cost : tokens);
    if (tokens >= cost) return;
    onRefusal(what);
    const retryAfterMs = Math.ceil(((cost - tokens) / perSecond) * 1000);
    const message = `too many ${what} from this address; wait ${retryAfterMs} ms`;
    throw new WeftError({ code: "limit-exceeded", message, retryAfterMs });
  };
  const waitMs: TokenBuckets["waitMs"] = ({ key, cost }) =>
    cost > burst ? Number.POSITIVE_INFINITY : Math.max(0, ((cost - available(key)) / perSecond) * 1000);
  const fits: TokenBuckets["fits"] = ({ key, cost }) => available(key) >= cost;
  const owe: TokenBuckets["owe"] = ({ key, cost }) => keep(key, available(key) - cost);
  return { fits, take, owe, waitMs, debtMs: (key) => Math.max(0, (-available(key) / perSecond) * 1000) };
}

/** Returns the key that limits count an address by: an IPv4 address itself, the /64 network of an IPv6 address. */
export function limitKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [left = "", right] = (address.split("%")[0] ?? "").split("::");
  const groups = left === "" ? [] : left.split(":");
  const tail = right === undefined || right === "" ? [] : right.split(":");
  const zeros = right === undefined ? [] : Array.from({ length: 8 - groups.length - tail.length }, () => "0");
  return `${[...groups, ...zeros, ...tail].slice(0, IPV6_NETWORK_GROUPS).join(":")}::/64`;
}

function dropOldest(buckets: Map<string, unknown>): void {
  if (buckets.size <= MAX_TRACKED_ADDRESSES) return;
  const [oldest] = buckets.keys();
  if (oldest !== undefined) buckets.delete(oldest);
}
