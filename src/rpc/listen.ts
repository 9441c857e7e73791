import type { AddressInfo, Server } from "node:net";
import { WeftError } from "../errors.ts";

/** Listens, and resolves with the port, which the system picks for 0. Throws `bad-config` if the port can't be had. */
export function listen(params: { server: Server; host: string; port: number }): Promise<number> {
  const { server, host, port } = params;
  return new Promise((resolve, reject) => {
    // A later error, as when the process has no file handles left, must not end the process.
    server.on("error", (cause) => {
      const message = `cannot listen on ${host}:${port} (${cause.message})`;
      reject(new WeftError({ code: "bad-config", message, cause, hint: "Name a free port, or 0 for any." }));
    });
    server.listen({ host, port }, () => resolve((server.address() as AddressInfo).port));
  });
}

/** Returns the address of a server by plain HTTP; IPv6 hosts get brackets. */
export function urlOf({ host, port }: { host: string; port: number }): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
