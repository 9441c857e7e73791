import { type Client, createClient, type HttpTransport, http } from "viem";
import { openFetch } from "#open-fetch";
import { steadyMs } from "../../clock/steadyMs.ts";
import type { ProxyChoice } from "../../net/proxy.ts";

/** One address by which a chain is reached, and how it was doing. Mutable; times by `steadyMs`. */
export type Provider = {
  /** Host and place in the list: the rest of an address may be a key. */
  readonly name: string;
  readonly client: Client<HttpTransport>;
  /** It was seen to serve the network's chain since it last failed. */
  isChecked: boolean;
  /** It is passed over until then, if another one is there. */
  restsUntilMs: number;
  rests: number;
  /** Why it rests or rested; undefined: it never did. */
  reason: string | undefined;
};

/** The addresses of one chain, in the order in which they are preferred. */
export type Providers = {
  readonly all: readonly [Provider, ...Provider[]];
  current: Provider;
  /** The newest block that any of them had a while ago: who lacks it is behind. */
  bar: { readonly number: number; readonly atMs: number } | undefined;
  onTurn: (turn: { readonly from: string; readonly to: string; readonly reason: string }) => void;
};

/** Of a request to the only provider, and of one behind which others wait. */
const REQUEST_TIMEOUT_MS = 10_000;
const SHORT_TIMEOUT_MS = 4_000;
/** Logs of one block that is full of entries, in hex. */
const MAX_RESPONSE_BYTES = 64 * 1024 * 1024;
/** How long a provider that failed is passed over; twice as long each time. */
const FIRST_REST_MS = 5_000;
const MAX_REST_MS = 10 * 60_000;
/** A provider that did well for so long begins anew. */
const FORGET_RESTS_MS = 30 * 60_000;

/** Throws `bad-config` for a proxy that is none. */
export function openProviders(params: {
  urls: readonly [string, ...string[]];
  /** Where requests leave. */
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
    return { name, client: createClient({ transport }), ...state };
  };
  const [first, ...others] = urls;
  const all = [open(first, 0), ...others.map((url, i) => open(url, i + 1))] as const;
  return { all: [...all], current: all[0], bar: undefined, onTurn: () => undefined };
}

export function isResting({ restsUntilMs }: Provider, nowMs: number): boolean {
  return restsUntilMs > nowMs;
}

/** The one in use first, then those that do not rest, then whoever rests the shortest: somebody is always asked. */
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
 * Lets a provider rest, and turns to the next one that does not if it was in use. False if there is no other: the only
 * one left is used on.
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

export function turnTo(params: { providers: Providers; next: Provider; reason: string }): void {
  const { providers, next, reason } = params;
  const from = providers.current;
  if (from === next) return;
  providers.current = next;
  providers.onTurn({ from: from.name, to: next.name, reason });
}
