import { steadyMs } from "../../clock/steadyMs.ts";
import { waitMs } from "../../clock/waitMs.ts";
import type { Chain } from "./chain.ts";
import { checkProvider } from "./openChain.ts";
import { isResting, letRest, type Provider, turnTo } from "./providers.ts";
import { readHeader } from "./readHeader.ts";

const LOOK_MS = 2_000;
const ANSWER_MS = 3_000;
/** A provider is behind if it lacks a block that another one had so long ago. */
const BEHIND_MS = 5_000;

/**
 * Compares the providers of a chain until the signal aborts, and turns to the first in the list that answers, serves
 * the network and is not behind the others. Ends at once if there is only one. Never throws.
 */
export async function watchProviders(params: { chain: Chain; signal: AbortSignal }): Promise<void> {
  const { chain, signal } = params;
  if (chain.providers.all.length === 1) return;
  while (!signal.aborted) {
    await lookAtProviders(params);
    await waitMs({ ms: LOOK_MS, signal });
  }
}

async function lookAtProviders(params: { chain: Chain; signal: AbortSignal }): Promise<void> {
  const { providers } = params.chain;
  const awake = providers.all.filter((provider) => !isResting(provider, steadyMs()));
  const looked = await Promise.all(awake.map((provider) => headOf({ ...params, provider })));
  if (params.signal.aborted) return;
  const heads = looked.filter((one) => one !== undefined);
  const bar = nextBar({ providers, heads });
  const [first] = heads.flatMap(({ provider, head }) => {
    if (head >= bar) return [provider];
    letRest({ providers, provider, reason: `it is at block ${head} while another one had ${bar}` });
    return [];
  });
  if (first !== undefined) turnTo({ providers, next: first, reason: "it comes first of those that do well" });
}

type Head = { readonly provider: Provider; readonly head: number };

/** Reads a provider's newest block; undefined if it does not answer as it should, and rests from now on. */
async function headOf(params: {
  chain: Chain;
  provider: Provider;
  signal: AbortSignal;
}): Promise<Head | undefined> {
  const { chain, provider } = params;
  const { providers } = chain;
  const signal = AbortSignal.any([params.signal, AbortSignal.timeout(ANSWER_MS)]);
  if (!provider.isChecked && (await checkProvider({ chain, provider, signal })) !== undefined) {
    if (!isResting(provider, steadyMs())) letRest({ providers, provider, reason: "it does not answer" });
    return undefined;
  }
  try {
    const header = await readHeader({ chain: { client: provider.client }, block: "latest", signal });
    if (header !== undefined) return { provider, head: header.number };
  } catch {
    // No answer: the provider rests, below.
  }
  letRest({ providers, provider, reason: "it does not answer" });
  return undefined;
}

/**
 * Returns the block that each provider should have by now: the newest one of an earlier look. 0 if that look was too
 * recent, or if no provider has the block any more because a reorganization took it.
 */
function nextBar(params: { providers: Chain["providers"]; heads: readonly Head[] }): number {
  const { providers, heads } = params;
  const nowMs = steadyMs();
  const top = Math.max(0, ...heads.map(({ head }) => head));
  const { bar } = providers;
  if (bar === undefined || top < bar.number) {
    providers.bar = { number: top, atMs: nowMs };
    return 0;
  }
  if (nowMs - bar.atMs < BEHIND_MS) return 0;
  providers.bar = { number: top, atMs: nowMs };
  return bar.number;
}
