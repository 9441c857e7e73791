import { createServer } from "node:http";
import type { OnFault } from "./codedRoutes.ts";
import { http1Bounds, MAX_HEADERS } from "./http1Bounds.ts";
import { listen, urlOf } from "./listen.ts";
import type { NodeRequest, NodeResponse } from "./rpcListener.ts";
import { dropUnread } from "./sendAnswer.ts";

/** What a plain GET is answered with: health, metrics. */
export type Page = { readonly status: number; readonly contentType: string; readonly body: string };
/** By path; undefined: there is none. */
export type Pages = (path: string) => Promise<Page | undefined>;

/** Whoever reads metrics keeps one connection or two. */
const MAX_CONNECTIONS = 64;

/** Serves pages and nothing else, for operators, over HTTP/1.1. Port 0 picks a free one. Throws `bad-config`. */
export async function servePages(params: {
  pages: Pages;
  host: string;
  port: number;
  onFault: OnFault;
}): Promise<AsyncDisposable & { readonly url: string }> {
  const { pages, host, onFault } = params;
  const server = createServer(http1Bounds, (request, response) => {
    void answerPage({ request, response, pages, onFault });
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.maxHeadersCount = MAX_HEADERS;
  const port = await listen({ server, host, port: params.port });
  return {
    url: urlOf({ host, port }),
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

export async function answerPage(params: {
  request: NodeRequest;
  response: NodeResponse;
  pages: Pages;
  onFault: OnFault;
}): Promise<void> {
  const { request, response, pages, onFault } = params;
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  try {
    const page = request.method === "GET" ? await pages(path) : undefined;
    respond(response, page ?? { status: 404, contentType: "text/plain", body: "not found\n" });
  } catch (error) {
    onFault({ method: path, error });
    respond(response, { status: 500, contentType: "text/plain", body: "internal error\n" });
  }
}

export function respond(response: NodeResponse, { status, contentType, body }: Page): void {
  response.statusCode = status;
  response.setHeader("content-type", contentType);
  response.end(body);
  dropUnread(response);
}
