import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

type RpcRequest = { readonly method: string; readonly params: readonly unknown[] };

/** What the shim answers instead of the chain; undefined: let it pass; "hang": nothing, ever; a status: a page that is no JSON. */
export type Intercept = (
  request: RpcRequest,
) => { result: unknown } | { error: object } | { status: number } | "hang" | undefined;

/** Stands between a client and a chain's RPC, to answer as some RPCs do. */
export async function startRpcShim(params: {
  rpcUrl: string;
  intercept: Intercept;
}): Promise<AsyncDisposable & { readonly rpcUrl: string }> {
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const call = JSON.parse(body) as { id: number; method: string; params?: unknown[] };
    const answer = params.intercept({ method: call.method, params: call.params ?? [] });
    if (answer === "hang") return;
    if (answer !== undefined && "status" in answer) {
      response.writeHead(answer.status, { "content-type": "text/html" }).end("<html>no</html>");
      return;
    }
    response.setHeader("content-type", "application/json");
    if (answer !== undefined) {
      response.end(JSON.stringify({ jsonrpc: "2.0", id: call.id, ...answer }));
      return;
    }
    const headers = { "content-type": "application/json" };
    const forwarded = await fetch(params.rpcUrl, { method: "POST", headers, body });
    response.end(await forwarded.text());
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
