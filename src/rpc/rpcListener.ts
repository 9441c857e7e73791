import { createConnectRouter, createContextValues } from "@connectrpc/connect";
import { createAsyncIterable, type UniversalHandler } from "@connectrpc/connect/protocol";
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from "@connectrpc/connect-node";
import { isWeftError } from "../errors.ts";
import { NodeService } from "../gen/weft/v1/node_pb.ts";
import { type Account, type Accounts, openAccount } from "./accounts.ts";
import { admitRequest } from "./admitRequest.ts";
import { codedResponse, endOfStream } from "./codedResponse.ts";
import { accountKey, codedRoutes, type Heard, refusalKey, throwRefusal } from "./codedRoutes.ts";
import type { Deadlines } from "./deadlines.ts";
import { endRefused } from "./endRefused.ts";
import type { NodeRequest, NodeResponse } from "./httpTypes.ts";
import { MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES } from "./limits.ts";
import { boundsOf } from "./methodBounds.ts";
import type { NodeApi } from "./nodeApi.ts";
import { routesOf } from "./routes.ts";
import { watchReader } from "./sendAnswer.ts";

/** The headers by which proxies pass on each message of a stream at once, and answers unchanged. */
const PASS_THROUGH = [
  ["x-accel-buffering", "no"],
  ["cache-control", "no-store, no-transform"],
] as const;

type Incoming = { readonly request: NodeRequest; readonly response: NodeResponse };
type Caller = {
  /** What limits count the caller by. */
  readonly key: string;
  /** The error by which all of the caller's requests are refused; undefined if they are not. */
  readonly refusal: unknown;
  /** Told how many bytes of a body came. */
  readonly onBody: (bytes: number) => void;
  /** Told of each request that limits refused. */
  readonly onRefused: () => void;
};

/** Makes a listener that answers requests to the service; it returns false, and does nothing, for any other path. */
export function createRpcListener(params: {
  api: NodeApi;
  accounts: Accounts;
  heard: Heard;
  deadlines: Deadlines;
  signal: AbortSignal;
}): (call: Incoming & Caller) => boolean {
  const { api, accounts, heard, deadlines, signal } = params;
  const router = createConnectRouter({
    grpc: false,
    grpcWeb: false,
    readMaxBytes: MAX_REQUEST_BYTES,
    writeMaxBytes: MAX_RESPONSE_BYTES,
    acceptCompression: [],
    shutdownSignal: signal,
    requestGate: throwRefusal(heard),
  });
  router.service(NodeService, codedRoutes({ routes: routesOf({ api }), heard }));
  const byPath = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  return ({ request, response, key, ...caller }) => {
    const handler = byPath.get((request.url ?? "").split("?", 1)[0] ?? "");
    if (handler === undefined) return false;
    for (const [name, value] of PASS_THROUGH) response.setHeader(name, value);
    const ending = new AbortController();
    const { pool } = boundsOf(handler.method);
    const account = openAccount({ accounts, key, pool, signal: ending.signal });
    response.once("close", () => {
      ending.abort();
      account[Symbol.dispose]();
    });
    // Only a broken connection or a malformed Host header fails here: nobody is left to be told.
    answer({ request, response, handler, account, deadlines, ...caller }).catch(() => response.destroy());
    return true;
  };
}

async function answer(
  params: Incoming &
    Omit<Caller, "key"> & { handler: UniversalHandler; account: Account; deadlines: Deadlines },
): Promise<void> {
  const { request, response, handler, account } = params;
  const { unreadMs } = params.deadlines;
  const values = createContextValues().set(accountKey, account);
  // Made before anything is awaited, because it notices that the caller goes away.
  const incoming = universalRequestFromNodeRequest(request, response, undefined, values);
  const isStream = handler.method.methodKind !== "unary";
  let body: Uint8Array = new Uint8Array();
  try {
    if (params.refusal !== undefined) throw params.refusal;
    body = await admitRequest({ ...params, method: handler.method });
  } catch (error) {
    if (isWeftError(error, "limit-exceeded")) params.onRefused();
    if (response.destroyed) return;
    values.set(refusalKey, error);
    endRefused({ request, response });
  }
  const answered = await handler({ ...incoming, body: createAsyncIterable([body]) });
  const coded = isStream ? answered : await codedResponse({ response: answered, account });
  const stream = isStream ? { account, onRefusal: endOfStream } : undefined;
  const watched =
    coded.body && watchReader({ body: coded.body, response, unreadMs, ...(stream ? { stream } : {}) });
  await universalResponseToNodeResponse({ ...coded, ...(watched ? { body: watched } : {}) }, response);
}
