import type { Http2Session } from "node:http2";
import type { Socket } from "node:net";
import { steadyMs } from "../clock/steadyMs.ts";
import { catchFault } from "../wire/catchFault.ts";
import type { Accounts } from "./accounts.ts";
import { createTokenBuckets, limitKey, type OnRefusal } from "./rateLimit.ts";
import { openShares, type Share } from "./shares.ts";

type Connected = Socket | Http2Session;

/** Bounds how many connections there are, and what comes over them beside the bodies of requests. */
export type ConnectionGuard = Disposable & {
  /** Counts a connection; if there are too many, closes it and returns false. */
  readonly admit: (socket: Socket) => boolean;
  /** Notes that a connection speaks HTTP/2, with its session. */
  readonly join: (params: { session: Http2Session; socket: Socket }) => void;
  /** Returns the error by which all requests over this connection are refused; undefined if they are not. */
  readonly refusalOf: (connection: Connected) => unknown;
  /** Notes bytes of a connection that belong to a request's body. */
  readonly noteBody: (connection: Connected, bytes: number) => void;
  /** Notes a refused request. Refusals cost time, too: a caller that goes on for too long loses the connection. */
  readonly noteRefused: (connection: Connected) => void;
};

/** An address that has reached its bound may open so many more connections, over which it is told why it is refused. */
const TOLD_PER_ADDRESS = 16;
/** The same for all addresses together. */
const TOLD = 512;
/** How many bytes may come over an address's connections beside bodies: headers, frames. */
const OVERHEAD = { perSecond: 1_000_000, burst: 16_000_000 };
const OVERHEAD_CHECK_MS = 1_000;
/** How many requests of an address may be refused before the connection is closed. */
const REFUSED = { perSecond: 50, burst: 2_000 };
type Connection = {
  readonly socket: Socket;
  readonly address: string;
  readonly key: string;
  readonly refusal: unknown;
  bodyBytes: number;
  countedBytes: number;
};

/** Opens a guard; its disposal stops the checks, and closes no connection. */
export function guardConnections(params: {
  accounts: Accounts;
  /** True for the operator's own proxies, whose connections are not bounded here. */
  isTrusted: (address: string) => boolean;
  onRefusal: OnRefusal;
}): ConnectionGuard {
  const { accounts, isTrusted, onRefusal } = params;
  const told = openShares({
    perKey: TOLD_PER_ADDRESS,
    total: TOLD,
    what: "connections",
    onRefusal: () => {},
  });
  const overhead = createTokenBuckets({ ...OVERHEAD, what: "frames", nowMs: steadyMs, onRefusal });
  const refused = createTokenBuckets({ ...REFUSED, what: "refused calls", nowMs: steadyMs, onRefusal });
  const open = new Set<Connection>();
  const known = new WeakMap<object, Connection>();

  const admit = (socket: Socket): boolean => {
    const address = socket.remoteAddress ?? "unknown";
    const key = limitKey(address);
    const place = isTrusted(address) ? NO_PLACE : takePlace([accounts.connections.open(key), told.open(key)]);
    if (place === undefined) {
      socket.resetAndDestroy();
      return false;
    }
    const counts = { bodyBytes: 0, countedBytes: 0 };
    const connection: Connection = { socket, address, key, refusal: place.refusal, ...counts };
    known.set(socket, connection);
    if (!isTrusted(address)) open.add(connection);
    socket.once("close", () => {
      place.share?.[Symbol.dispose]();
      open.delete(connection);
    });
    return true;
  };
  const check = (): void => {
    for (const connection of open) {
      const { socket, key, bodyBytes, countedBytes } = connection;
      const bytes = Math.max(countedBytes, socket.bytesRead - bodyBytes);
      overhead.owe({ key, cost: bytes - countedBytes });
      connection.countedBytes = bytes;
      if (bytes === countedBytes || overhead.debtMs(key) === 0) continue;
      onRefusal("frames");
      socket.destroy();
    }
  };
  const timer = setInterval(check, OVERHEAD_CHECK_MS).unref();
  return {
    admit,
    join: ({ session, socket }) => {
      const connection = known.get(socket);
      if (connection !== undefined) known.set(session, connection);
    },
    refusalOf: (connection) => known.get(connection)?.refusal,
    noteBody: (connection, bytes) => {
      const found = known.get(connection);
      if (found !== undefined) found.bodyBytes += bytes;
    },
    noteRefused: (connection) => {
      const found = known.get(connection);
      if (found === undefined || isTrusted(found.address)) return;
      const fault = catchFault(() => refused.take({ key: found.key, cost: 1 }));
      if (fault !== undefined) found.socket.destroy();
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

type Place = { readonly share?: Share; readonly refusal?: unknown };

const NO_PLACE: Place = {};

/** Takes a place in the first share that has room, with the refusal of the one before it; undefined if none has. */
function takePlace(places: readonly Share[]): Place | undefined {
  let refusal: unknown;
  for (const share of places) {
    try {
      share.resize(1);
      return { share, refusal };
    } catch (error) {
      refusal = error;
    }
  }
  return undefined;
}
