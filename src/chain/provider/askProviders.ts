import { HttpRequestError } from "viem";
import { steadyMs } from "../../clock/steadyMs.ts";
import type { Options, Request } from "./askingAgain.ts";
import { inOrder, letRest, type Providers } from "./providers.ts";
import { revertData, rpcCodes, rpcFailure, rpcMessage } from "./rpcFailure.ts";

/** The error codes of a provider that takes no more calls for now; below, its HTTP statuses. */
const LIMIT_CODES = new Set([429, -32005, -32007]);
const LIMIT_STATUSES = new Set([401, 402, 403, 429]);
/** The error codes of a provider that does not know the method. */
const UNSUPPORTED_CODES = new Set([-32601, -32004]);
/** The methods whose errors are mostly about the call itself: another provider would answer the same. */
const ABOUT_THE_CALL = new Set(["eth_estimateGas", "eth_call", "eth_sendRawTransaction", "eth_getLogs"]);

/**
 * Sends a request to the provider in use, then to the others in turn until one answers. A provider that gives no
 * readable answer, or takes no more calls, rests for a while. Throws an error about the call itself at once; if no
 * provider answers, the first one's error.
 */
export async function askProviders(providers: Providers, args: Request, options: Options): Promise<unknown> {
  const faults: unknown[] = [];
  for (const provider of inOrder(providers, steadyMs())) {
    try {
      return await provider.client.request(args as never, options);
    } catch (error) {
      if (options?.signal?.aborted || !mayBeBetterElsewhere(error, args.method)) throw error;
      faults.push(error);
      const reason = restReason(error);
      if (reason !== undefined) letRest({ providers, provider, reason });
    }
  }
  throw faults[0];
}

function mayBeBetterElsewhere(error: unknown, method: string): boolean {
  if (rpcFailure(error) === "unreachable") return true;
  if (revertData(error) !== undefined) return false;
  if (!ABOUT_THE_CALL.has(method)) return true;
  const isWide = method === "eth_getLogs";
  return rpcCodes(error).some((code) => (!isWide && LIMIT_CODES.has(code)) || UNSUPPORTED_CODES.has(code));
}

/** Says why a provider has to rest after an error; undefined if the error is not the provider's fault. */
function restReason(error: unknown): string | undefined {
  if (rpcCodes(error).some((code) => LIMIT_CODES.has(code)) || isLimited(error))
    return "it takes no more calls";
  if (rpcFailure(error) === "answered") return undefined;
  const [words = ""] = rpcMessage(error).split("\n");
  return `it does not answer: ${words.slice(0, 100)}`;
}

function isLimited(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof HttpRequestError && LIMIT_STATUSES.has(cause.status ?? 0)) return true;
  }
  return false;
}
