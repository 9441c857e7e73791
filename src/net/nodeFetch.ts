import type { RequestInit } from "undici";
import type { OpenFetch } from "./openFetch.ts";
import { openSocket, proxyOf } from "./openSocket.ts";
import type { ProxyChoice } from "./proxy.ts";

/** Opens the `fetch` of Node.js that goes by way of the proxy, or only where it may; undefined for neither. */
export const openFetch: OpenFetch = ({ url, proxy, publicOnly = false }) => {
  const chosen = URL.parse(url);
  if (chosen === null) return undefined;
  const isDirect = proxyOf({ url: chosen, proxy }) === undefined;
  if (isDirect && !publicOnly) return undefined;
  let opened: ReturnType<typeof open> | undefined;
  const byProxy = async (input: string | URL | Request, init?: unknown) => {
    opened ??= open(proxy, isDirect);
    const { fetch, dispatcher } = await opened;
    return await fetch(String(input), { ...(init as RequestInit), dispatcher });
  };
  return byProxy as unknown as typeof fetch;
};

/** Opens a `fetch` of its own connections; the code is loaded only by those who need one. */
async function open(proxy: ProxyChoice, publicOnly: boolean) {
  const { Agent, fetch } = await import("undici");
  const dispatcher = new Agent({
    connect: ({ protocol, hostname, port }, done) => {
      const url = new URL(`${protocol}//${hostname}${port ? `:${port}` : ""}`);
      openSocket({ url, proxy, publicOnly }).then(
        (socket) => done(null, socket),
        (error) => done(error, null),
      );
    },
  });
  return { fetch, dispatcher };
}
