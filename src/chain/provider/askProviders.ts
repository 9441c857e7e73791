import { HttpRequestError } from "viem";
import { steadyMs } from "../../clock/steadyMs.ts";
import { inOrder, letRest, type Providers } from "./providers.ts";
import { revertData, rpcCodes, rpcFailure, rpcMessage } from "./rpcFailure.ts";

export type Request = { readonly method: string; readonly params?: unknown };
export type Options = { readonly signal?: AbortSignal } | undefined;

/** What a provider answers that gives no more calls for now. */
const LIMIT_CODES = new Set([429, -32005, -32007]);
const LIMIT_STATUSES = new Set([401, 402, 403, 429]);
/** What one that does not know the method answers. */
const UNSUPPORTED_CODES = new Set([-32601, -32004]);
/** Their errors are about what they were asked: another provider would say the same. */
const ABOUT_THE_CALL = new Set(["eth_estimateGas", "eth_call", "eth_sendRawTransaction", "eth_getLogs"]);

/**
 * Asks the provider in use, and the others in turn while none answers. Who does not answer, or not in a way that can be
 * read, is passed over for a while. Throws what the first one did wrong.
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

/** Undefined for what is no fault of the provider's. */
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
