import type { AddressInfo, Server } from "node:net";
import { WeftError } from "../errors.ts";

/** Gives the port that it got. Throws `bad-config`. */
export function listen(params: { server: Server; host: string; port: number }): Promise<number> {
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

export function urlOf({ host, port }: { host: string; port: number }): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
