import { createServer } from "node:http";
import { isIP } from "node:net";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { OnFault } from "./codedRoutes.ts";
import { type Deadlines, deadlines } from "./deadlines.ts";
import { http1Bounds, MAX_HEADERS } from "./http1Bounds.ts";
import type { NodeRequest, NodeResponse } from "./httpTypes.ts";
import { listen, urlOf } from "./listen.ts";
import { dropUnread } from "./sendAnswer.ts";

/** The answer to a request that is none of the API's, such as for health or metrics. */
export type Page<Body = string | AsyncIterable<Uint8Array>> = {
  readonly status: number;
  readonly contentType: string;
  /** A body in pieces is read only as fast as the caller takes it. */
  readonly body: Body;
};
/** A request for a page. */
export type Asked = {
  readonly method: string;
  readonly query: URLSearchParams;
  /** True if a browser's page may be asking: it names an origin, or a host whose owner may point its name anywhere. */
  readonly isFromPage: boolean;
};
/** Makes the page of a path; undefined if there is none. */
export type Pages = (path: string, asked: Asked) => Promise<Page | undefined>;

/** More than enough: a reader of metrics keeps one connection or two. */
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

/** Answers a request with its page, with 404 if there is none, and with 500 for a fault. */
export async function answerPage(params: {
  request: NodeRequest;
  response: NodeResponse;
  pages: Pages;
  onFault: OnFault;
  deadlines: Deadlines;
}): Promise<void> {
  const { request, response, pages, onFault, deadlines } = params;
  const [path = "/", query] = (request.url ?? "/").split("?", 2);
  const isFromPage = request.headers.origin !== undefined || isNamed(request.headers.host);
  const asked = { method: request.method ?? "GET", query: new URLSearchParams(query), isFromPage };
  try {
    const { body, ...head } = (await pages(path, asked)) ?? plainPage(404, "not found\n");
    if (typeof body === "string") respond({ response, page: { ...head, body }, deadlines });
    else await send({ response, page: { ...head, body }, deadlines });
  } catch (error) {
    if (response.headersSent) return void response.destroy();
    onFault({ method: path, error });
    respond({ response, page: plainPage(500, "internal error\n"), deadlines });
  }
}

/**
 * True if a Host header is a name that somebody may own: no IP address, and no name without a dot such as `localhost`.
 */
function isNamed(host: string | undefined): boolean {
  const name = host?.replace(/:\d+$/, "") ?? "";
  return name.includes(".") && isIP(name) === 0;
}

/** Sends a page in pieces. Cuts the caller off if it reads nothing for `unreadMs`. Throws if a piece fails. */
async function send(params: {
  response: NodeResponse;
  page: Page<AsyncIterable<Uint8Array>>;
  deadlines: Deadlines;
}): Promise<void> {
  const { response, page, deadlines } = params;
  response.statusCode = page.status;
  response.setHeader("content-type", page.contentType);
  response.setTimeout(deadlines.unreadMs, () => response.destroy());
  await pipeline(Readable.from(page.body, { objectMode: false }), response as Writable);
}

/** Makes a page of plain text. */
export function plainPage(status: number, body: string): Page<string> {
  return { status, contentType: "text/plain", body };
}

/** Sends a page, and drops a caller that does not read it in time. */
export function respond(params: { response: NodeResponse; page: Page<string>; deadlines: Deadlines }): void {
  const { response, page, deadlines } = params;
  const { status, contentType, body } = page;
  response.statusCode = status;
  response.setHeader("content-type", contentType);
  response.end(body);
  dropUnread({ response, unreadMs: deadlines.unreadMs });
}
