import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Socket } from "node:net";
import { openSocket } from "../net/openSocket.ts";
import type { ProxyChoice } from "../net/proxy.ts";

/** When an unused connection is closed: before servers do so (Node.js after 5 s, others later). */
const IDLE_MS = 4_000;

/** Makes an agent for HTTP/1.1 connections to one server, each of which is used again after its call. */
export function keepAliveAgent(params: { url: URL; proxy: ProxyChoice }): HttpAgent {
  const { url, proxy } = params;
  const options = { keepAlive: true, timeout: IDLE_MS };
  const agent = url.protocol === "https:" ? new HttpsAgent(options) : new HttpAgent(options);
  const connect = (_: object, done?: (error: Error | null, socket: Socket) => void): undefined => {
    openSocket({ url, proxy }).then(
      (socket) => done?.(null, socket),
      (error: Error) => done?.(error, undefined as never),
    );
  };
  agent.createConnection = connect as typeof agent.createConnection;
  return agent;
}
