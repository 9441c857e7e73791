import type { Chain } from "../../chain/provider/chain.ts";
import { checkChain, openChain } from "../../chain/provider/openChain.ts";
import { rpcFailure } from "../../chain/provider/rpcFailure.ts";
import { readWords } from "../../chain/read/readWords.ts";
import type { ProxyChoice } from "../../net/proxy.ts";
import type { Network } from "../../wire/network.ts";
import type { WordsAnswer, WordsQuestion } from "../../wire/words.ts";

/** A chain's RPC that is asked for words. Loaded only where an app names one. */
export type EndpointChain = {
  readonly readWords: (question: WordsQuestion, signal: AbortSignal) => Promise<WordsAnswer>;
  /** Throws `wrong-chain` if the RPC serves another chain now. */
  readonly check: (signal: AbortSignal) => Promise<void>;
};

/** Opens the chain of an endpoint. Throws what `openChain` throws. */
export async function openEndpointChain(params: {
  rpcUrl: string;
  network: Network;
  proxy?: ProxyChoice;
  signal: AbortSignal;
}): Promise<EndpointChain> {
  const chain: Chain = await openChain(params);
  return {
    readWords: (question, signal) => readWords({ chain, question, signal }),
    check: (signal) => checkChain({ chain, signal }),
  };
}

/** True if the RPC is there and has only failed at what it was asked. */
export function hasAnswered(error: unknown): boolean {
  return rpcFailure(error) === "answered";
}
