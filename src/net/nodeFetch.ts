import type { RequestInit } from "undici";
import type { OpenFetch } from "./openFetch.ts";
import { openSocket, proxyOf } from "./openSocket.ts";
import type { ProxyChoice } from "./proxy.ts";

/** Opens the `fetch` of Node.js that goes by way of the proxy; undefined if there is none. */
export const openFetch: OpenFetch = ({ url, proxy }) => {
  const chosen = URL.parse(url);
  if (chosen === null || proxyOf({ url: chosen, proxy }) === undefined) return undefined;
  let opened: ReturnType<typeof open> | undefined;
  const byProxy = async (input: string | URL | Request, init?: unknown) => {
    opened ??= open(proxy);
    const { fetch, dispatcher } = await opened;
    return await fetch(String(input), { ...(init as RequestInit), dispatcher });
  };
  return byProxy as unknown as typeof fetch;
};

/** Opens a `fetch` by way of the proxy; the code is loaded only by those who have one. */
async function open(proxy: ProxyChoice) {
  const { Agent, fetch } = await import("undici");
  const dispatcher = new Agent({
    connect: ({ protocol, hostname, port }, done) => {
      const url = new URL(`${protocol}//${hostname}${port ? `:${port}` : ""}`);
      openSocket({ url, proxy }).then(
        (socket) => done(null, socket),
        (error) => done(error, null),
      );
    },
  });
  return { fetch, dispatcher };
}
