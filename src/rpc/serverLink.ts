import type { Agent } from "node:http";
import type { ClientHttp2Stream } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ConnectTransportOptions } from "@connectrpc/connect-node";
import { openSocket } from "../net/openSocket.ts";
import type { ProxyChoice } from "../net/proxy.ts";
import { keepAliveAgent } from "./http1Agent.ts";
import { agreedOnHttp2, type Http2Session, openHttp2Session } from "./http2Session.ts";
import { GREETING_PATIENCE_MS, HTTP1_BELIEF_MS } from "./limits.ts";

export type HttpVersion = "1.1" | "2";

type SessionManager = NonNullable<Extract<ConnectTransportOptions, { httpVersion: "2" }>["sessionManager"]>;

/** The connections to one server. */
export type ServerLink = {
  /** Decides by which HTTP version to call the server now. Throws a ConnectError if it can't be reached. */
  readonly version: () => Promise<HttpVersion>;
  readonly sessions: SessionManager;
  readonly agent: Agent;
  readonly close: () => void;
};

/**
 * Reaches a server by HTTP/2, or by HTTP/1.1 if that is all it speaks. With TLS, the handshake tells. Without TLS, the
 * server's first frame tells: a server that sends something else, or hangs up, is called by HTTP/1.1 for
 * HTTP1_BELIEF_MS. A server that is silent for GREETING_PATIENCE_MS is called by HTTP/1.1 once, and by HTTP/2 when its
 * frame has come.
 */
export function openServerLink(params: { url: string; proxy: ProxyChoice; only?: HttpVersion }): ServerLink {
  const url = new URL(params.url);
  const { proxy, only } = params;
  const agent = keepAliveAgent({ url, proxy });
  let isClosed = false;
  let http1UntilMs = only === "1.1" ? Number.POSITIVE_INFINITY : 0;
  let opening: Promise<Http2Session | undefined> | undefined;
  let current: Http2Session | undefined;
  const open = async (): Promise<Http2Session | undefined> => {
    const protocols = only === "2" ? ["h2"] : ["h2", "http/1.1"];
    const socket = await openSocket({ url, proxy, protocols });
    if (isClosed || agreedOnHttp2(socket) === false) {
      socket.destroy();
      return undefined;
    }
    const { session, greeting } = openHttp2Session({ url, socket });
    current = session;
    const first = await greeting;
    if (first === "http2") return session;
    session.close();
    if (first === "silence") throw new Error("the server says nothing");
    return undefined;
  };
  /** Returns the open session, or opens one; undefined if the server does not speak HTTP/2. */
  const session = async (): Promise<Http2Session | undefined> => {
    if (isClosed) throw new ConnectError("the connection was closed", Code.Canceled);
    if (opening === undefined && current?.isUsable() && (await current.verify())) return current;
    opening ??= open().finally(() => {
      opening = undefined;
    });
    return await opening.catch((cause: unknown) => {
      throw new ConnectError(reasonOf(cause), Code.Unavailable, undefined, undefined, cause);
    });
  };
  const version = async (): Promise<HttpVersion> => {
    if (only === "2") return "2";
    if (performance.now() < http1UntilMs) return "1.1";
    const found = session().then((spoken) => {
      if (spoken !== undefined) return "2";
      http1UntilMs = performance.now() + HTTP1_BELIEF_MS;
      return "1.1";
    });
    return await orAfter({ found, ms: GREETING_PATIENCE_MS, instead: "1.1" });
  };
  return {
    version,
    agent,
    sessions: {
      authority: url.origin,
      request: async (method, path, headers, options) => {
        const spoken = await session();
        if (spoken === undefined) throw new ConnectError("the server speaks no HTTP/2", Code.Unavailable);
        return spoken.request({ ...headers, ":method": method, ":path": path }, options);
      },
      notifyResponseByteRead: (_: ClientHttp2Stream) => current?.noteBytes(),
    },
    close: () => {
      isClosed = true;
      current?.close();
      agent.destroy();
    },
  };
}

/** Words an error. The errors of a host's IPv4 and IPv6 addresses come as one AggregateError without a message. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(", ");
  return error instanceof Error ? error.message : String(error);
}

async function orAfter<T>(params: { found: Promise<T>; ms: number; instead: T }): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  const timer = setTimeout(() => resolve(params.instead), params.ms);
  return await Promise.race([params.found, promise]).finally(() => clearTimeout(timer));
}
