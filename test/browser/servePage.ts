import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const html = `<!doctype html><title>weft</title><script type="module" src="/page.js"></script>`;

/** Serves a page that loads one script, on a free port of this machine. */
export async function servePage(params: {
  code: string;
  /** The name by which the browser knows this machine. */
  host: string;
}): Promise<AsyncDisposable & { readonly url: string }> {
  const { code, host } = params;
  const server = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    const type = isScript ? "text/javascript" : "text/html";
    response.setHeader("content-type", `${type}; charset=utf-8`).end(isScript ? code : html);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${port}/`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
