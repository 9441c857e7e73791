import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export type RpcRequest = { readonly method: string; readonly params: readonly unknown[] };

/**
 * What the shim answers instead of the chain; undefined: let it pass; "hang": nothing, ever; "drop": the connection
 * ends; a status: a page that is no JSON.
 */
export type RpcAnswer =
  | { readonly result: unknown }
  | { readonly error: object }
  | { readonly status: number }
  | "hang"
  | "drop"
  | undefined;
export type Intercept = (request: RpcRequest) => RpcAnswer | Promise<RpcAnswer>;

/** Stands between a client and a chain's RPC, to answer as some RPCs do. */
export async function startRpcShim(params: {
  rpcUrl: string;
  intercept: Intercept;
}): Promise<AsyncDisposable & { readonly rpcUrl: string }> {
  const server = createServer((request, response) => {
    // Who asked may have gone meanwhile, or the chain.
    void answer({ ...params, request, response }).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    rpcUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function answer(params: {
  rpcUrl: string;
  intercept: Intercept;
  request: IncomingMessage;
  response: ServerResponse;
}): Promise<void> {
  const { rpcUrl, intercept, request, response } = params;
  const body = await text(request);
  const call = JSON.parse(body) as { id: number; method: string; params?: unknown[] };
  const answered = await intercept({ method: call.method, params: call.params ?? [] });
  if (answered === "hang") return;
  if (answered === "drop") {
    response.destroy();
    return;
  }
  if (answered !== undefined && "status" in answered) {
    response.writeHead(answered.status, { "content-type": "text/html" }).end("<html>no</html>");
    return;
  }
  response.setHeader("content-type", "application/json");
  if (answered !== undefined) {
    response.end(JSON.stringify({ jsonrpc: "2.0", id: call.id, ...answered }));
    return;
  }
  const headers = { "content-type": "application/json" };
  const forwarded = await fetch(rpcUrl, { method: "POST", headers, body });
  response.end(await forwarded.text());
}
