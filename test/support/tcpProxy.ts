import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** Stands between a client and a server on 127.0.0.1, to take the server away and bring it back. */
export type TcpProxy = AsyncDisposable & {
  readonly port: number;
  /** Cuts all connections and refuses new ones. */
  readonly cut: () => void;
  /** Nothing passes and nobody is told: what is sent meanwhile comes after `mend`. */
  readonly hold: () => void;
  /** All that passes is late by so much, until `mend`. */
  readonly slow: (ms: number) => void;
  readonly mend: () => void;
};

type State = {
  readonly kind: "open" | "cut";
  readonly lateMs: number;
  /** Pending while nothing passes. */
  readonly passes: Promise<void>;
};

export async function startTcpProxy(params: { port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const open: State = { kind: "open", lateMs: 0, passes: Promise.resolve() };
  let state = open;
  let letPass = (): void => undefined;
  const become = (next: State): void => {
    letPass();
    state = next;
  };
  const server = createServer((inbound) => {
    if (state.kind === "cut") return void inbound.destroy();
    const outbound = connect(params.port, "127.0.0.1");
    for (const [socket, other] of [
      [inbound, outbound],
      [outbound, inbound],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      void pass({ socket, other, state: () => state }).catch(() => other.destroy());
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => {
    become({ ...open, kind: "cut" });
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    hold: () => {
      const { promise: passes, resolve } = Promise.withResolvers<void>();
      become({ ...open, passes });
      letPass = resolve;
    },
    slow: (lateMs) => become({ ...open, lateMs }),
    mend: () => become(open),
    [Symbol.asyncDispose]: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}

async function pass(params: { socket: Socket; other: Socket; state: () => State }): Promise<void> {
  const { socket, other, state } = params;
  for await (const chunk of socket) {
    if (state().lateMs > 0) await delay(state().lateMs);
    await state().passes;
    if (other.destroyed) return;
    if (!other.write(chunk)) await once(other, "drain");
  }
  other.end();
}
