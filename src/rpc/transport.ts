import type { Interceptor, Transport } from "@connectrpc/connect";

/** How calls travel; `#rpc-transport` picks the one of the platform. `http` is for Node.js only. */
export type OpenTransport = (params: {
  url: string;
  http: "1.1" | "2";
  /** See and may change every call. */
  interceptors?: readonly Interceptor[];
}) => {
  readonly transport: Transport;
  readonly close: () => void;
};
