import type { Transport } from "@connectrpc/connect";

/** How calls travel; `#rpc-transport` picks the one of the platform. `http` is for Node.js only. */
export type OpenTransport = (params: { url: string; http: "1.1" | "2" }) => {
  readonly transport: Transport;
  readonly close: () => void;
};
