import { createServer as createHttp1Server } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import { cors } from "@connectrpc/connect";
import { WeftError } from "../errors.ts";
import { catchFault } from "../wire/catchFault.ts";
import { type Accounts, openAccounts, type RateLimits } from "./accounts.ts";
import { clientAddress, type Proxies, type ProxySettings, readProxies } from "./clientAddress.ts";
import type { OnFault } from "./codedRoutes.ts";
import { type ConnectionGuard, guardConnections } from "./guardConnections.ts";
import { guardSession } from "./guardSession.ts";
import { HEADER_BYTES, http1Bounds, KEEP_ALIVE_MS, MAX_HEADERS } from "./http1Bounds.ts";
import { listen, urlOf } from "./listen.ts";
import type { NodeApi } from "./nodeApi.ts";
import { limitKey, type OnRefusal } from "./rateLimit.ts";
import { createRpcListener, type NodeRequest, type NodeResponse } from "./rpcListener.ts";
import { answerPage, type Pages, respond } from "./servePages.ts";

export type RpcServer = AsyncDisposable & {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** What is open of it now. */
  readonly open: () => Readonly<Record<"connections" | "streams" | "bytes", number>>;
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
const NO_PROXIES: ProxySettings = { trusted: [], header: "x-forwarded-for" };
/** Streams of one session that its client may take back. */
const RESETS = { streamResetBurst: 500, streamResetRate: 50 };
const CORS_MAX_AGE_SECONDS = 7_200;

/**
 * Serves a node's API (Connect protocol) and its pages over HTTP/1.1 and HTTP/2 without TLS on one port, open to
 * browsers of any origin. Port 0 picks a free one. Disposing lets open calls end, at most DRAIN_MS. Throws
 * `bad-config` if the port cannot be had.
 */
export async function serveRpc(params: {
  handlers: NodeApi;
  pages: Pages;
  host: string;
  port: number;
  limits: RateLimits;
  /** None is trusted unless told. */
  proxies?: ProxySettings;
  onFault: OnFault;
  /** Hears what was refused because there was too much of it. */
  onRefusal?: OnRefusal;
}): Promise<RpcServer> {
  const { host, limits, onRefusal = () => undefined } = params;
  const stopping = new AbortController();
  const accounts = openAccounts({ limits, onRefusal });
  const proxies = readProxies(params.proxies ?? NO_PROXIES);
  const guard = guardConnections({ accounts, isTrusted: proxies.isTrusted, onRefusal });
  const listener = createListener({ ...params, accounts, proxies, guard, signal: stopping.signal });
  const sockets = new Set<Socket>();
  const http2 = createHttp2Server(
    {
      settings: { maxConcurrentStreams: MAX_STREAMS_PER_CONNECTION, maxHeaderListSize: HEADER_BYTES },
      maxHeaderListPairs: MAX_HEADERS,
      ...RESETS,
    },
    listener,
  );
  const sessions = new Set<ServerHttp2Session>();
  let begins: Socket | undefined;
  http2.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    if (begins !== undefined) guard.join({ session, socket: begins });
    guardSession({ session, idleMs: KEEP_ALIVE_MS, onRefusal });
  });
  const http1 = createHttp1Server(http1Bounds, listener);
  http1.maxHeadersCount = MAX_HEADERS;
  const http1Listeners = http1.listeners("connection");
  http1.removeAllListeners("connection");
  http1.on("connection", (socket: Socket) => {
    if (!guard.admit(socket)) return;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    sniff(socket, (isHttp2) => {
      if (!isHttp2) return http1Listeners.forEach((serve) => void serve.call(http1, socket));
      // Its session begins, and is told of, at once.
      begins = socket;
      http2.emit("connection", socket);
      begins = undefined;
    });
  });
  const port = await listen({ server: http1, host, port: params.port });
  const { connections, streams, openBytes } = accounts;
  return {
    host,
    port,
    url: urlOf({ host, port }),
    open: () => ({ connections: connections.used(), streams: streams.used(), bytes: openBytes.used() }),
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => http1.close(resolve));
      stopping.abort(new WeftError({ code: "not-ready", message: "the node is stopping" }));
      for (const session of sessions) session.close();
      const idle = setInterval(() => http1.closeIdleConnections(), DRAIN_CHECK_MS);
      const timer = setTimeout(() => sockets.forEach((socket) => void socket.destroy()), DRAIN_MS);
      await closed;
      clearInterval(idle);
      clearTimeout(timer);
      guard[Symbol.dispose]();
    },
  };
}

/** Hands each request to whom it is for, with the caller whom the limits count it by. */
function createListener(params: {
  handlers: NodeApi;
  pages: Pages;
  accounts: Accounts;
  proxies: Proxies;
  guard: ConnectionGuard;
  onFault: OnFault;
  signal: AbortSignal;
}): (request: NodeRequest, response: NodeResponse) => void {
  const { handlers: api, pages, accounts, proxies, guard, onFault, signal } = params;
  const rpc = createRpcListener({ api, accounts, onFault, signal });
  return (request, response) => {
    allowOrigins(response);
    const connection = "stream" in request ? request.stream.session : request.socket;
    const remote = request.socket.remoteAddress ?? "unknown";
    const key = limitKey(clientAddress({ remote, headers: request.headers, proxies }));
    const refusal = connection && guard.refusalOf(connection);
    const onBody = (bytes: number): void => connection && guard.noteBody(connection, bytes);
    const isPreflight = request.method === "OPTIONS";
    if (!isPreflight && rpc({ request, response, key, refusal, onBody })) return;
    const known = refusal ?? catchFault(() => accounts.calls.take({ key, cost: 1 }));
    if (known !== undefined) respond(response, { status: 429, ...plain("too many calls\n") });
    else if (isPreflight) respond(response, { status: 204, ...plain("") });
    else void answerPage({ request, response, pages, onFault });
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

function plain(body: string) {
  return { contentType: "text/plain", body };
}

/** Reads and writes need no account, so any page may call. */
function allowOrigins(response: NodeResponse): void {
  response.setHeader("access-control-allow-origin", "*");
  response.setHeader("access-control-allow-methods", cors.allowedMethods.join(", "));
  response.setHeader("access-control-allow-headers", cors.allowedHeaders.join(", "));
  response.setHeader("access-control-expose-headers", cors.exposedHeaders.join(", "));
  response.setHeader("access-control-max-age", String(CORS_MAX_AGE_SECONDS));
}
