import { createServer as createHttp1Server } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import { WeftError } from "../errors.ts";
import { openAccounts, type RateLimits } from "./accounts.ts";
import { type ProxySettings, readProxies } from "./clientAddress.ts";
import type { OnCall, OnFault } from "./codedRoutes.ts";
import { type Deadlines, deadlines as usualDeadlines } from "./deadlines.ts";
import { guardConnections } from "./guardConnections.ts";
import { guardSession } from "./guardSession.ts";
import { HEADER_BYTES, http1Bounds, MAX_HEADERS } from "./http1Bounds.ts";
import { listen, urlOf } from "./listen.ts";
import type { NodeApi } from "./nodeApi.ts";
import { createNodeListener } from "./nodeListener.ts";
import type { OnRefusal } from "./rateLimit.ts";
import type { Pages } from "./servePages.ts";
import { sniffHttp } from "./sniffHttp.ts";

/** A server of a node's API. Its disposal stops it. */
export type RpcServer = AsyncDisposable & {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** Tells how many connections and streams are open now, and how many bytes calls keep in memory. */
  readonly open: () => Readonly<Record<"connections" | "streams" | "bytes", number>>;
};

const DRAIN_CHECK_MS = 50;
const MAX_STREAMS_PER_CONNECTION = 1_000;
const NO_PROXIES: ProxySettings = { trusted: [], header: "x-forwarded-for" };
/** How many streams of one session its client may reset. */
const RESETS = { streamResetBurst: 200, streamResetRate: 50 };

/**
 * Serves a node's API (Connect protocol) and its pages over HTTP/1.1 and HTTP/2 without TLS on one port, open to
 * browsers of any origin. Port 0 picks a free one. The disposal lets open calls end, for `drainMs` at most. Throws
 * `bad-config` if the port can't be had, or for malformed `proxies`.
 */
export async function serveRpc(params: {
  handlers: NodeApi;
  pages: Pages;
  host: string;
  port: number;
  limits: RateLimits;
  /** The trusted proxies; none by default. */
  proxies?: ProxySettings;
  onFault: OnFault;
  /** Told how each call ended. */
  onCall?: OnCall;
  /** Told what was refused because there was too much of it. */
  onRefusal?: OnRefusal;
  deadlines?: Deadlines;
}): Promise<RpcServer> {
  const { host, limits, onRefusal = () => undefined, deadlines = usualDeadlines } = params;
  const stopping = new AbortController();
  const accounts = openAccounts({ limits, onRefusal });
  const proxies = readProxies(params.proxies ?? NO_PROXIES);
  const guard = guardConnections({ accounts, isTrusted: proxies.isTrusted, onRefusal });
  const listener = createNodeListener({
    ...params,
    accounts,
    proxies,
    guard,
    deadlines,
    signal: stopping.signal,
  });
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
    guardSession({ session, idleMs: deadlines.idleMs, onRefusal });
  });
  const http1 = createHttp1Server(http1Bounds(deadlines), listener);
  http1.maxHeadersCount = MAX_HEADERS;
  const http1Listeners = http1.listeners("connection");
  http1.removeAllListeners("connection");
  http1.on("connection", (socket: Socket) => {
    if (!guard.admit(socket)) return;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    const hand = (isHttp2: boolean): void => {
      if (!isHttp2) {
        for (const serve of http1Listeners) serve.call(http1, socket);
        return;
      }
      // An HTTP/1.1 server lets its callers close their half first; no caller does so in HTTP/2.
      socket.once("end", () => socket.destroy());
      // The session begins, and its event comes, within `emit`.
      begins = socket;
      http2.emit("connection", socket);
      begins = undefined;
    };
    sniffHttp({ socket, firstByteMs: deadlines.firstByteMs, hand });
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
      const timer = setTimeout(() => sockets.forEach((socket) => void socket.destroy()), deadlines.drainMs);
      await closed;
      clearInterval(idle);
      clearTimeout(timer);
      guard[Symbol.dispose]();
    },
  };
}
