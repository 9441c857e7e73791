import type { Interceptor, Transport } from "@connectrpc/connect";
import type { ProxyChoice } from "../net/proxy.ts";

/** How calls travel; `#rpc-transport` picks the one of the platform. `http` and `proxy` are for Node.js only. */
export type OpenTransport = (params: {
  url: string;
  /** Undefined: what the server speaks. */
  http?: "1.1" | "2" | undefined;
  proxy?: ProxyChoice;
  /** See and may change every call. */
  interceptors?: readonly Interceptor[];
}) => {
  readonly transport: Transport;
  readonly close: () => void;
};
