import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A proxy that writes down what it is asked for. */
export type RecordingProxy = AsyncDisposable & {
  readonly url: string;
  /** `host:port`, as it was asked for. */
  readonly asked: readonly string[];
};

/** Where an authority that nobody can look up leads on this machine; undefined: it is refused. */
type Resolve = (authority: string) => number | undefined;

/** By HTTP CONNECT, or by SOCKS 5 without a password. */
export async function startRecordingProxy(params: {
  kind: "http" | "socks5";
  resolve: Resolve;
}): Promise<RecordingProxy> {
  const { kind, resolve } = params;
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const note: Resolve = (authority) => {
    asked.push(authority);
    return resolve(authority);
  };
  const server = kind === "http" ? tunnels(note) : socks(note);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `${kind}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

function tunnels(resolve: Resolve): Server {
  const server = createHttpServer((_, answer) => answer.writeHead(400).end());
  server.on("connect", ({ url = "" }, socket: Socket, head: Buffer) => {
    const port = resolve(url);
    if (port === undefined) return socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    const outbound = join({ socket, port });
    outbound.once("connect", () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    return outbound.write(head);
  });
  return server;
}

/** RFC 1928: a greeting, a request that names a host (type 3) or an IPv4 address (type 1). */
function socks(resolve: Resolve): Server {
  return createServer((socket) => {
    socket.once("data", () => {
      socket.write(Uint8Array.of(5, 0));
      socket.once("data", (request) => {
        const isName = request[3] === 3;
        const end = isName ? 5 + (request[4] ?? 0) : 8;
        const host = isName ? request.subarray(5, end).toString() : request.subarray(4, end).join(".");
        const port = resolve(`${host}:${request.readUInt16BE(end)}`);
        if (port === undefined) return socket.end(Uint8Array.of(5, 4, 0, 1, 0, 0, 0, 0, 0, 0));
        const outbound = join({ socket, port });
        return outbound.once("connect", () => socket.write(Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0)));
      });
    });
  });
}

function join({ socket, port }: { socket: Socket; port: number }): Socket {
  const outbound = connect(port, "127.0.0.1");
  outbound.on("error", () => socket.destroy());
  outbound.once("close", () => socket.destroy());
  socket.once("close", () => outbound.destroy());
  outbound.once("connect", () => {
    socket.pipe(outbound);
    outbound.pipe(socket);
  });
  return outbound;
}
