import { type Client, createClient, type HttpTransport, http } from "viem";
import { openFetch } from "#open-fetch";
import { steadyMs } from "../../clock/steadyMs.ts";
import type { ProxyChoice } from "../../net/proxy.ts";
import { askingAgain } from "./askingAgain.ts";

/** One RPC address of a chain, and how well it has answered. Mutable; times are by `steadyMs`. */
export type Provider = {
  /** The address's host and its place in the list; the rest of the address may hold a key. */
  readonly name: string;
  readonly client: Client<HttpTransport>;
  /** True if the provider was seen to serve the network's chain since it last failed. */
  isChecked: boolean;
  /** Until then, the provider is passed over if there is another one. */
  restsUntilMs: number;
  /** How often the provider has rested lately, up to 10: each rest is twice as long as the one before. */
  rests: number;
  /** Why the provider last had to rest; undefined if it never had to. */
  reason: string | undefined;
};

/** The addresses of one chain, in the order in which they are preferred. */
export type Providers = {
  readonly all: readonly [Provider, ...Provider[]];
  current: Provider;
  /** The newest block that any provider had a while ago: a provider that lacks it is behind. */
  bar: { readonly number: number; readonly atMs: number } | undefined;
  /** Told when another provider comes into use. */
  onTurn: (turn: { readonly from: string; readonly to: string; readonly reason: string }) => void;
};

/** How long a request to the only provider may take, and to one of several. */
const REQUEST_TIMEOUT_MS = 10_000;
const SHORT_TIMEOUT_MS = 4_000;
/** Enough for the logs, in hex, of a block that is full of entries. */
const MAX_RESPONSE_BYTES = 64 * 1024 * 1024;
/** How long a provider that failed is passed over; twice as long each time. */
const FIRST_REST_MS = 5_000;
const MAX_REST_MS = 10 * 60_000;
/** A provider that has not rested for so long begins with the shortest rest again. */
const FORGET_RESTS_MS = 30 * 60_000;

/** Makes a provider of each address, without a request to any. Throws `bad-config` for a malformed proxy address. */
export function openProviders(params: {
  urls: readonly [string, ...string[]];
  /** The proxy by which requests leave this machine. */
  proxy?: ProxyChoice;
}): Providers {
  const { urls, proxy } = params;
  const isOnly = urls.length === 1;
  const open = (url: string, at: number): Provider => {
    const fetchFn = openFetch({ url, proxy });
    const transport = http(url, {
      retryCount: 0,
      timeout: isOnly ? REQUEST_TIMEOUT_MS : SHORT_TIMEOUT_MS,
      maxResponseBodySize: MAX_RESPONSE_BYTES,
      ...(fetchFn ? { fetchFn } : {}),
    });
    const name = `${URL.parse(url)?.host ?? "provider"} (${at + 1} of ${urls.length})`;
    const state = { isChecked: false, restsUntilMs: 0, rests: 0, reason: undefined };
    return { name, client: askingAgain(createClient({ transport })), ...state };
  };
  const [first, ...others] = urls;
  const all = [open(first, 0), ...others.map((url, i) => open(url, i + 1))] as const;
  return { all: [...all], current: all[0], bar: undefined, onTurn: () => undefined };
}

export function isResting({ restsUntilMs }: Provider, nowMs: number): boolean {
  return restsUntilMs > nowMs;
}

/**
 * Lists all providers as they are to be asked: the one in use, those that do not rest, then the shortest rest first.
 */
export function inOrder({ all, current }: Providers, nowMs: number): readonly Provider[] {
  const others = all.filter((provider) => provider !== current);
  const resting = others.filter((provider) => isResting(provider, nowMs));
  return [
    current,
    ...others.filter((provider) => !resting.includes(provider)),
    ...resting.sort((a, b) => a.restsUntilMs - b.restsUntilMs),
  ];
}

/**
 * Lets a provider rest; if it was in use, turns to the next one that does not rest. Returns false if there is no such
 * one: then the provider stays in use.
 */
export function letRest(params: { providers: Providers; provider: Provider; reason: string }): boolean {
  const { providers, provider, reason } = params;
  const nowMs = steadyMs();
  provider.reason = reason;
  if (providers.all.length === 1) return false;
  if (!isResting(provider, nowMs)) {
    if (nowMs - provider.restsUntilMs > FORGET_RESTS_MS) provider.rests = 0;
    provider.restsUntilMs = nowMs + Math.min(MAX_REST_MS, FIRST_REST_MS * 2 ** provider.rests);
    provider.rests = Math.min(provider.rests + 1, 10);
  }
  provider.isChecked = false;
  if (provider !== providers.current) return true;
  const next = inOrder(providers, nowMs).find((one) => !isResting(one, nowMs));
  if (next === undefined) return false;
  turnTo({ providers, next, reason });
  return true;
}

/** Puts another provider into use and tells `onTurn`. */
export function turnTo(params: { providers: Providers; next: Provider; reason: string }): void {
  const { providers, next, reason } = params;
  const from = providers.current;
  if (from === next) return;
  providers.current = next;
  providers.onTurn({ from: from.name, to: next.name, reason });
}
