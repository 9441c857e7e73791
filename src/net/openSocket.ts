import { once } from "node:events";
import { request as requestOverHttp } from "node:http";
import { request as requestOverHttps } from "node:https";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { readProxyEnvironment } from "../config.ts";
import { environmentProxy } from "./environmentProxy.ts";
import { isPublicAddress, lookupPublic } from "./lookupPublic.ts";
import { DIRECT, hostOf, type ProxyChoice, parseProxy, portOf } from "./proxy.ts";

/** How long a connection may take to be there, by way of a proxy too. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Gives the proxy by way of which a URL is asked; undefined: none. Throws `bad-config`. */
export function proxyOf(params: { url: URL; proxy: ProxyChoice }): URL | undefined {
  const { url, proxy = environmentProxy({ url, environment: readProxyEnvironment() }) } = params;
  return proxy === undefined || proxy === DIRECT ? undefined : parseProxy(proxy);
}

/**
 * Opens a connection to a server, by way of the proxy if there is one, which then looks up the name as well; with TLS
 * for `https:`. Throws the system's errors, or what the proxy said. An error that comes later ends the socket and
 * nothing else.
 */
export async function openSocket(params: {
  url: URL;
  proxy: ProxyChoice;
  /** The protocols to offer by ALPN (RFC 7301); TLS only. */
  protocols?: readonly string[];
  /** Without a proxy: fails unless the server has a public address. */
  publicOnly?: boolean;
}): Promise<Socket> {
  const { url, publicOnly = false } = params;
  const proxy = proxyOf(params);
  const destination = { host: hostOf(url), port: portOf(url) };
  const signal = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
  const plain =
    proxy === undefined
      ? await settled({ socket: connectDirectly(destination, publicOnly), event: "connect", signal })
      : await throughProxy({ proxy, ...destination });
  plain.setNoDelay(true);
  if (url.protocol !== "https:") return plain;
  const socket = connectTls({
    socket: plain,
    ...(isIP(destination.host) ? { host: destination.host } : { servername: destination.host }),
    ALPNProtocols: [...(params.protocols ?? ["http/1.1"])],
  });
  return await settled({ socket, event: "secureConnect", signal });
}

function connectDirectly(destination: { host: string; port: number }, publicOnly: boolean): Socket {
  if (!publicOnly) return connect(destination);
  const { host } = destination;
  if (isIP(host) && !isPublicAddress(host)) throw new Error(`${host} is no public address`);
  return connect({ ...destination, lookup: lookupPublic });
}

/**
 * Gives the socket once it is connected. An error that comes later, when nobody reads any more, ends the socket and
 * nothing else.
 */
async function settled<T extends Socket>(params: {
  socket: T;
  event: string;
  signal: AbortSignal;
}): Promise<T> {
  const { socket, event, signal } = params;
  socket.on("error", () => undefined);
  try {
    await once(socket, event, { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw signal.aborted
      ? new Error(`no connection within ${CONNECT_TIMEOUT_MS / 1000} s`, { cause: error })
      : error;
  }
}

async function throughProxy(params: { proxy: URL; host: string; port: number }): Promise<Socket> {
  const { proxy, host, port } = params;
  if (proxy.protocol.startsWith("http")) return await openTunnel(params);
  const { SocksClient } = await import("socks");
  const { socket } = await SocksClient.createConnection({
    command: "connect",
    proxy: {
      host: hostOf(proxy),
      port: portOf(proxy),
      type: 5,
      ...(proxy.username === "" ? {} : credentialsOf(proxy)),
    },
    destination: { host, port },
    timeout: CONNECT_TIMEOUT_MS,
  });
  socket.on("error", () => undefined);
  return socket;
}

function credentialsOf({ username, password }: URL): { userId: string; password: string } {
  return { userId: decodeURIComponent(username), password: decodeURIComponent(password) };
}

/** Opens a tunnel through a proxy by CONNECT (RFC 9110, section 9.3.6). */
async function openTunnel(params: { proxy: URL; host: string; port: number }): Promise<Socket> {
  const { proxy, host, port } = params;
  const { userId, password } = credentialsOf(proxy);
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const token = Buffer.from(`${userId}:${password}`).toString("base64");
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const request = (proxy.protocol === "https:" ? requestOverHttps : requestOverHttp)({
    method: "CONNECT",
    host: hostOf(proxy),
    port: portOf(proxy),
    path: authority,
    headers: { host: authority, ...(userId === "" ? {} : { "proxy-authorization": `Basic ${token}` }) },
    agent: false,
  });
  const timer = setTimeout(() => request.destroy(new Error("the proxy does not answer")), CONNECT_TIMEOUT_MS);
  request.on("error", reject);
  request.once("connect", ({ statusCode }, socket: Socket, head: Buffer) => {
    socket.on("error", () => undefined);
    if (statusCode === 200) {
      if (head.length > 0) socket.unshift(head);
      return resolve(socket);
    }
    socket.destroy();
    return reject(new Error(`the proxy refuses to connect to ${authority}: HTTP ${statusCode}`));
  });
  request.end();
  return await promise.finally(() => clearTimeout(timer));
}
