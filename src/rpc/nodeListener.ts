import { cors } from "@connectrpc/connect";
import { catchFault } from "../wire/catchFault.ts";
import type { Accounts } from "./accounts.ts";
import { clientAddress, type Proxies } from "./clientAddress.ts";
import type { OnCall, OnFault } from "./codedRoutes.ts";
import type { Deadlines } from "./deadlines.ts";
import type { ConnectionGuard } from "./guardConnections.ts";
import type { NodeRequest, NodeResponse } from "./httpTypes.ts";
import type { NodeApi } from "./nodeApi.ts";
import { limitKey } from "./rateLimit.ts";
import { createRpcListener } from "./rpcListener.ts";
import { answerPage, type Pages, plainPage, respond } from "./servePages.ts";

const CORS_MAX_AGE_SECONDS = 7_200;

/** Makes the listener of a node's server: it finds each request's caller, counts it, and serves the API or a page. */
export function createNodeListener(params: {
  handlers: NodeApi;
  pages: Pages;
  accounts: Accounts;
  proxies: Proxies;
  guard: ConnectionGuard;
  onFault: OnFault;
  onCall?: OnCall;
  deadlines: Deadlines;
  signal: AbortSignal;
}): (request: NodeRequest, response: NodeResponse) => void {
  const { handlers: api, accounts, proxies, guard, deadlines } = params;
  const heard = { onFault: params.onFault, onCall: params.onCall ?? (() => undefined) };
  const rpc = createRpcListener({ ...params, api, heard });
  return (request, response) => {
    allowOrigins(response);
    const connection = "stream" in request ? request.stream.session : request.socket;
    const remote = request.socket.remoteAddress ?? "unknown";
    const key = limitKey(clientAddress({ remote, headers: request.headers, proxies }));
    const refusal = connection && guard.refusalOf(connection);
    const caller = {
      key,
      refusal,
      onBody: (bytes: number): void => connection && guard.noteBody(connection, bytes),
      onRefused: (): void => connection && guard.noteRefused(connection),
    };
    const isPreflight = request.method === "OPTIONS";
    if (!isPreflight && rpc({ request, response, ...caller })) return;
    const excess = refusal ?? catchFault(() => accounts.calls.take({ key, cost: 1 }));
    if (excess !== undefined) {
      respond({ response, page: plainPage(429, "too many calls\n"), deadlines });
      caller.onRefused();
      return;
    }
    if (isPreflight) respond({ response, page: plainPage(204, ""), deadlines });
    else void answerPage({ ...params, request, response });
  };
}

/** Lets pages of any origin call: no call needs a login, so a browser has none that a page could misuse. */
function allowOrigins(response: NodeResponse): void {
  response.setHeader("access-control-allow-origin", "*");
  response.setHeader("access-control-allow-methods", cors.allowedMethods.join(", "));
  response.setHeader("access-control-allow-headers", cors.allowedHeaders.join(", "));
  response.setHeader("access-control-expose-headers", cors.exposedHeaders.join(", "));
  response.setHeader("access-control-max-age", String(CORS_MAX_AGE_SECONDS));
}
