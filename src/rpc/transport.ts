import type { Interceptor, Transport } from "@connectrpc/connect";
import type { ProxyChoice } from "../net/proxy.ts";

/**
 * Opens the way that calls take to a node; `#rpc-transport` is the platform's. `http` and `proxy` are for Node.js only.
 */
export type OpenTransport = (params: {
  url: string;
  /** The only HTTP version to use; if undefined, what the server speaks. */
  http?: "1.1" | "2" | undefined;
  proxy?: ProxyChoice;
  /** See and may change every call. */
  interceptors?: readonly Interceptor[];
}) => {
  readonly transport: Transport;
  readonly close: () => void;
};
