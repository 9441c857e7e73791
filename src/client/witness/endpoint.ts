import { isWeftError, WeftError } from "../../errors.ts";
import type { ProxyChoice } from "../../net/proxy.ts";
import type { Network } from "../../wire/network.ts";
import type { EndpointChain } from "./endpointChain.ts";
import type { Witness } from "./witness.ts";

/** A chain's RPC that the app named as a witness. */
export type Endpoint = Witness & {
  readonly rpcUrl: string;
  /** How the endpoint was found when it was last asked. */
  readonly state: () => EndpointState;
  /**
   * Throws `wrong-chain` for an RPC of another chain or contracts, `node-unreachable` for an RPC that does not answer.
   */
  readonly check: (signal: AbortSignal) => Promise<void>;
};

export type EndpointState = "not-asked" | "answers" | "unreachable" | "wrong-chain";

/** Opens a witness of an RPC. It is checked before its first answer counts, and whenever it contradicts a node. */
export function openEndpoint(params: { rpcUrl: string; network: Network; proxy?: ProxyChoice }): Endpoint {
  const { rpcUrl } = params;
  let chain: EndpointChain | undefined;
  let state: EndpointState = "not-asked";
  const asked = async <T>(signal: AbortSignal, ask: (chain: EndpointChain) => Promise<T>): Promise<T> => {
    // Most apps name no endpoint: the code that talks to chains is loaded only for those that do.
    const { hasAnswered, openEndpointChain } = await import("./endpointChain.ts");
    try {
      chain ??= await openEndpointChain({ ...params, signal });
      const answer = await ask(chain);
      state = "answers";
      return answer;
    } catch (cause) {
      signal.throwIfAborted();
      if (isWeftError(cause, "wrong-chain")) {
        state = "wrong-chain";
        chain = undefined;
        throw cause;
      }
      if (hasAnswered(cause)) throw cause;
      state = "unreachable";
      throw new WeftError({ code: "node-unreachable", message: `no answer from ${rpcUrl}`, cause });
    }
  };
  return {
    ...{ rpcUrl, name: rpcUrl, node: undefined, state: () => state },
    readWords: (question, { signal }) => asked(signal, (opened) => opened.readWords(question, signal)),
    check: (signal) => asked(signal, (opened) => opened.check(signal)),
  };
}
