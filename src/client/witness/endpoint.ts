import type { Chain } from "../../chain/chain.ts";
import { checkChain, openChain } from "../../chain/openChain.ts";
import { readWords } from "../../chain/readWords.ts";
import { rpcFailure } from "../../chain/rpcFailure.ts";
import { isWeftError, WeftError } from "../../errors.ts";
import type { Network } from "../../wire/network.ts";
import type { Witness } from "./witness.ts";

/** A chain's RPC that the app named as a witness. */
export type Endpoint = Witness & {
  readonly rpcUrl: string;
  /** How it was found when it was last asked. */
  readonly state: () => EndpointState;
  /** Throws `wrong-chain` for an RPC of another chain or contracts, `node-unreachable` for one that does not answer. */
  readonly check: (signal: AbortSignal) => Promise<void>;
};

export type EndpointState = "not-asked" | "answers" | "unreachable" | "wrong-chain";

/** Checked before its first answer counts, and whenever it contradicts a node. */
export function openEndpoint(params: { rpcUrl: string; network: Network }): Endpoint {
  const { rpcUrl, network } = params;
  let chain: Chain | undefined;
  let state: EndpointState = "not-asked";
  const open = async (signal: AbortSignal): Promise<Chain> => {
    chain ??= await openChain({ rpcUrl, network, signal });
    return chain;
  };
  const asked = async <T>(signal: AbortSignal, ask: (chain: Chain) => Promise<T>): Promise<T> => {
    try {
      const answer = await ask(await open(signal));
      state = "answers";
      return answer;
    } catch (cause) {
      signal.throwIfAborted();
      if (isWeftError(cause, "wrong-chain")) {
        state = "wrong-chain";
        chain = undefined;
        throw cause;
      }
      if (rpcFailure(cause) === "answered") throw cause;
      state = "unreachable";
      throw new WeftError({ code: "node-unreachable", message: `no answer from ${rpcUrl}`, cause });
    }
  };
  return {
    ...{ rpcUrl, name: rpcUrl, node: undefined, state: () => state },
    readWords: (question, { signal }) =>
      asked(signal, (opened) => readWords({ chain: opened, question, signal })),
    check: (signal) => asked(signal, (opened) => checkChain({ chain: opened, signal })),
  };
}
