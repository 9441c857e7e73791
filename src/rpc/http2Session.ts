import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { GREETING_TIMEOUT_MS, PING_INTERVAL_MS, PING_TIMEOUT_MS } from "./limits.ts";

/** One HTTP/2 connection to a server. */
export type Http2Session = {
  /** False once the session takes no further call. */
  readonly isUsable: () => boolean;
  /** Begins a call. Throws if the session has ended. */
  readonly request: ClientHttp2Session["request"];
  /** Checks that the session is alive, by a ping unless bytes came lately. False: it is dead, and closed. */
  readonly verify: () => Promise<boolean>;
  /** Notes that bytes came from the server. */
  readonly noteBytes: () => void;
  readonly close: () => void;
};

/** How long a connection without calls stays open. */
const IDLE_MS = 15 * 60_000;

/** What a server did first. In HTTP/2, it has to send its settings first (RFC 9113 §3.4). */
export type Greeting = "http2" | "something-else" | "silence";

/**
 * Speaks HTTP/2 on a socket. A server that hangs up counts as one that says something else: many do so at a request
 * that they do not understand.
 */
export function openHttp2Session(params: { url: URL; socket: Socket }): {
  session: Http2Session;
  greeting: Promise<Greeting>;
} {
  const { url, socket } = params;
  // `host` loses the brackets of an IPv6 address in `:authority`.
  const session = connect(url.origin, { createConnection: () => socket, servername: url.hostname } as object);
  const { promise, resolve } = Promise.withResolvers<Greeting>();
  const timer = setTimeout(() => resolve("silence"), GREETING_TIMEOUT_MS);
  // The streams report a session's errors, too; but without a listener here, an error would end the process.
  session.on("error", () => resolve("something-else"));
  session.once("close", () => resolve("something-else"));
  session.once("remoteSettings", () => resolve("http2"));
  return { session: keepAlive(session), greeting: promise.finally(() => clearTimeout(timer)) };
}

/** Tells whether TLS agreed on HTTP/2 (ALPN, RFC 7301); undefined without TLS. */
export function agreedOnHttp2(socket: Socket): boolean | undefined {
  const { alpnProtocol } = socket as TLSSocket;
  return alpnProtocol === undefined ? undefined : alpnProtocol === "h2";
}

/** Probes a session while calls are open: if it is dead, it is closed and they fail. Closes it after long idleness. */
function keepAlive(session: ClientHttp2Session): Http2Session {
  const calls = new Set<ClientHttp2Stream>();
  let heardMs = performance.now();
  let pinging: Promise<boolean> | undefined;
  let idle: NodeJS.Timeout | undefined;
  const isUsable = (): boolean => !session.closed && !session.destroyed;
  const noteBytes = (): void => {
    heardMs = performance.now();
  };
  const ping = (): Promise<boolean> => {
    pinging ??= answersPing(session).then((answers) => {
      pinging = undefined;
      if (answers) noteBytes();
      else session.destroy(new Error("the connection is dead"), constants.NGHTTP2_CANCEL);
      return answers;
    });
    return pinging;
  };
  const isQuiet = (): boolean => performance.now() - heardMs >= PING_INTERVAL_MS;
  const probe = setInterval(() => {
    if (calls.size > 0 && isQuiet()) void ping();
  }, PING_INTERVAL_MS).unref();
  const rest = (): void => {
    session.unref();
    idle = setTimeout(() => session.close(), IDLE_MS).unref();
  };
  session.once("close", () => {
    clearInterval(probe);
    clearTimeout(idle);
  });
  rest();
  return {
    isUsable,
    noteBytes,
    request: (headers, options) => {
      const call = session.request(headers, options);
      calls.add(call);
      clearTimeout(idle);
      session.ref();
      call.once("response", noteBytes);
      call.once("close", () => {
        calls.delete(call);
        if (calls.size === 0 && isUsable()) rest();
      });
      return call;
    },
    verify: async () => (isUsable() && isQuiet() ? await ping() : isUsable()),
    close: () => session.destroy(undefined, constants.NGHTTP2_CANCEL),
  };
}

async function answersPing(session: ClientHttp2Session): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), PING_TIMEOUT_MS);
  try {
    session.ping((error) => resolve(error === null));
  } catch {
    resolve(false);
  }
  return await promise.finally(() => clearTimeout(timer));
}
