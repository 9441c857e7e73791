import type { Client, HttpTransport } from "viem";
import { waitMs } from "../../clock/waitMs.ts";

export type Request = { readonly method: string; readonly params?: unknown };
export type Options = { readonly signal?: AbortSignal } | undefined;

/**
 * A question that has no answer by these times is put again, on another connection: a request that was on its way while
 * the network was cut is never answered, though the provider is there again.
 */
const ASK_AGAIN_MS = [2_500, 5_000];

/**
 * Makes a client that puts each question again while it has no answer; the first answer or error counts. A transaction
 * is sent once.
 */
export function askingAgain(client: Client<HttpTransport>): Client<HttpTransport> {
  const request = async (args: Request, options?: Options): Promise<unknown> => {
    if (args.method === "eth_sendRawTransaction") return await client.request(args as never, options);
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, ...(options?.signal ? [options.signal] : [])]);
    const ask = async (afterMs?: number): Promise<unknown> => {
      if (afterMs !== undefined) await waitMs({ ms: afterMs, signal });
      return await client.request(args as never, { signal });
    };
    try {
      return await Promise.race([ask(), ...ASK_AGAIN_MS.map(ask)]);
    } finally {
      over.abort();
    }
  };
  return { ...client, request: request as Client<HttpTransport>["request"] };
}
