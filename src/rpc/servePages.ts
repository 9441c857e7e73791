import { createServer } from "node:http";
import type { OnFault } from "./codedRoutes.ts";
import { type Deadlines, deadlines } from "./deadlines.ts";
import { http1Bounds, MAX_HEADERS } from "./http1Bounds.ts";
import type { NodeRequest, NodeResponse } from "./httpTypes.ts";
import { listen, urlOf } from "./listen.ts";
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
  const server = createServer(http1Bounds(deadlines), (request, response) => {
    void answerPage({ request, response, pages, onFault, deadlines });
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
  deadlines: Deadlines;
}): Promise<void> {
  const { request, response, pages, onFault, deadlines } = params;
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  try {
    const page = request.method === "GET" ? await pages(path) : undefined;
    respond({ response, page: page ?? plainPage(404, "not found\n"), deadlines });
  } catch (error) {
    onFault({ method: path, error });
    respond({ response, page: plainPage(500, "internal error\n"), deadlines });
  }
}

export function plainPage(status: number, body: string): Page {
  return { status, contentType: "text/plain", body };
}

export function respond(params: { response: NodeResponse; page: Page; deadlines: Deadlines }): void {
  const { response, page, deadlines } = params;
  const { status, contentType, body } = page;
  response.statusCode = status;
  response.setHeader("content-type", contentType);
  response.end(body);
  dropUnread({ response, unreadMs: deadlines.unreadMs });
}
