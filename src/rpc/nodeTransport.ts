import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES } from "./limits.ts";
import { openServerLink } from "./serverLink.ts";
import type { OpenTransport } from "./transport.ts";

/** Opens the transport of Node.js: HTTP/2 on one connection that is probed while calls are open, or HTTP/1.1. */
export const openTransport: OpenTransport = ({ url: baseUrl, http, proxy, interceptors = [] }) => {
  const common = {
    baseUrl,
    useBinaryFormat: true,
    interceptors: [...interceptors],
    acceptCompression: [],
    readMaxBytes: MAX_RESPONSE_BYTES,
    writeMaxBytes: MAX_REQUEST_BYTES,
  };
  const link = openServerLink({ url: baseUrl, proxy, ...(http === undefined ? {} : { only: http }) });
  const { agent, sessions: sessionManager } = link;
  const transports = {
    "1.1": createConnectTransport({ ...common, httpVersion: "1.1", nodeOptions: { agent } }),
    "2": createConnectTransport({ ...common, httpVersion: "2", sessionManager }),
  };
  const transport: Transport = {
    unary: async (method, signal, timeoutMs, ...rest) => {
      const startedMs = performance.now();
      const version = await within({ promise: link.version(), signal, timeoutMs });
      const leftMs = timeoutMs && Math.max(1, Math.ceil(timeoutMs - (performance.now() - startedMs)));
      return await transports[version].unary(method, signal, leftMs, ...rest);
    },
    stream: async (method, signal, ...rest) => {
      const version = await within({ promise: link.version(), signal, timeoutMs: undefined });
      return await transports[version].stream(method, signal, ...rest);
    },
  };
  return { transport, close: link.close };
};

async function within<T>(params: {
  promise: Promise<T>;
  signal: AbortSignal | undefined;
  timeoutMs: number | undefined;
}): Promise<T> {
  const { promise, signal, timeoutMs } = params;
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal?.reason);
  const expire = (): void =>
    reject(new ConnectError("the node did not answer in time", Code.DeadlineExceeded));
  const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs);
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();
  try {
    return await Promise.race([promise, ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
    promise.catch(() => undefined);
  }
}
