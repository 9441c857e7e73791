import { createServer as createHttp1Server } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Session } from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import { cors } from "@connectrpc/connect";
import { WeftError } from "../errors.ts";
import type { NodeApi } from "./nodeApi.ts";
import type { RateLimits } from "./rateLimit.ts";
import { createRpcListener, type NodeRequest, type NodeResponse } from "./rpcListener.ts";

/** What a plain GET is answered with: health, metrics. */
export type Page = { readonly status: number; readonly contentType: string; readonly body: string };

export type RpcServer = AsyncDisposable & {
  readonly host: string;
  readonly port: number;
  readonly url: string;
};

/** The first bytes of an HTTP/2 connection with prior knowledge (RFC 9113 §3.4); no HTTP/1.1 request starts so. */
const HTTP2_PREFACE_START = 0x50; // P of PRI
const HTTP2_PREFACE_SECOND = 0x52; // R: POST and PUT differ here
/** How long open calls may take to end when the server stops. */
const DRAIN_MS = 2_000;
const DRAIN_CHECK_MS = 50;
/** A connection that says nothing for so long at its start is closed. */
const FIRST_BYTE_MS = 10_000;
const MAX_STREAMS_PER_CONNECTION = 1_000;
/** Longer than proxies keep a connection for its next request, so that they don't send one into its end. */
const KEEP_ALIVE_MS = 75_000;
const CORS_MAX_AGE_SECONDS = 7_200;

/**
 * Serves a node's API (Connect protocol) and its pages over HTTP/1.1 and HTTP/2 without TLS on one port, open to
 * browsers of any origin. Port 0 picks a free one. Disposing lets open calls end, at most DRAIN_MS. Throws
 * `bad-config` if the port cannot be had.
 */
export async function serveRpc(params: {
  handlers: NodeApi;
  pages: (path: string) => Promise<Page | undefined>;
  host: string;
  port: number;
  limits: RateLimits;
  onFault: (fault: { method: string; error: unknown }) => void;
}): Promise<RpcServer> {
  const { handlers: api, pages, host, limits, onFault } = params;
  const stopping = new AbortController();
  const rpc = createRpcListener({ api, limits, onFault, signal: stopping.signal });
  const listener = (request: NodeRequest, response: NodeResponse): void => {
    allowOrigins(response);
    if (request.method === "OPTIONS") respond(response, { status: 204, contentType: "text/plain", body: "" });
    else if (!rpc(request, response)) void answerPage({ request, response, pages, onFault });
  };
  const sockets = new Set<Socket>();
  const http2 = createHttp2Server(
    { settings: { maxConcurrentStreams: MAX_STREAMS_PER_CONNECTION } },
    listener,
  );
  const sessions = new Set<ServerHttp2Session>();
  http2.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  const http1 = createHttp1Server({ keepAliveTimeout: KEEP_ALIVE_MS }, listener);
  const http1Listeners = http1.listeners("connection");
  http1.removeAllListeners("connection");
  http1.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    sniff(socket, (isHttp2) => {
      if (isHttp2) http2.emit("connection", socket);
      else for (const serve of http1Listeners) serve.call(http1, socket);
    });
  });
  const port = await listen({ server: http1, host, port: params.port });
  return {
    host,
    port,
    url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => http1.close(resolve));
      stopping.abort(new WeftError({ code: "not-ready", message: "the node is stopping" }));
      for (const session of sessions) session.close();
      const idle = setInterval(() => http1.closeIdleConnections(), DRAIN_CHECK_MS);
      const timer = setTimeout(() => sockets.forEach((socket) => void socket.destroy()), DRAIN_MS);
      await closed;
      clearInterval(idle);
      clearTimeout(timer);
    },
  };
}

function sniff(socket: Socket, hand: (isHttp2: boolean) => void): void {
  const onError = (): void => void socket.destroy();
  socket.on("error", onError);
  socket.once("end", onError);
  socket.setTimeout(FIRST_BYTE_MS, onError);
  let seen: Buffer = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    seen = Buffer.concat([seen, chunk]);
    if (seen.length < 2 && seen[0] === HTTP2_PREFACE_START) return;
    socket.off("data", onData);
    socket.setTimeout(0);
    socket.off("timeout", onError);
    socket.off("end", onError);
    socket.pause();
    socket.unshift(seen);
    const isHttp2 = seen[0] === HTTP2_PREFACE_START && seen[1] === HTTP2_PREFACE_SECOND;
    hand(isHttp2);
    // An HTTP/2 session reads the handle itself.
    if (!isHttp2) socket.resume();
  };
  socket.on("data", onData);
}

function listen(params: { server: Server; host: string; port: number }): Promise<number> {
  const { server, host, port } = params;
  return new Promise((resolve, reject) => {
    // One that comes later, as when the process has no file handles left, must not end it.
    server.on("error", (cause) => {
      const message = `cannot listen on ${host}:${port} (${cause.message})`;
      reject(new WeftError({ code: "bad-config", message, cause, hint: "Name a free port, or 0 for any." }));
    });
    server.listen({ host, port }, () => resolve((server.address() as AddressInfo).port));
  });
}

async function answerPage(params: {
  request: NodeRequest;
  response: NodeResponse;
  pages: (path: string) => Promise<Page | undefined>;
  onFault: (fault: { method: string; error: unknown }) => void;
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

/** Reads and writes need no account, so any page may call. */
function allowOrigins(response: NodeResponse): void {
  response.setHeader("access-control-allow-origin", "*");
  response.setHeader("access-control-allow-methods", cors.allowedMethods.join(", "));
  response.setHeader("access-control-allow-headers", cors.allowedHeaders.join(", "));
  response.setHeader("access-control-expose-headers", cors.exposedHeaders.join(", "));
  response.setHeader("access-control-max-age", String(CORS_MAX_AGE_SECONDS));
}

function respond(response: NodeResponse, { status, contentType, body }: Page): void {
  response.statusCode = status;
  response.setHeader("content-type", contentType);
  response.end(body);
}
