import type { Client, HttpTransport } from "viem";
import type { Network } from "../../wire/network.ts";
import type { Providers } from "./providers.ts";

/** A chain's RPC, known to hold the network's contracts when it was opened. Holds no connection; nothing to close. */
export type Chain = {
  readonly network: Network;
  /** Asks the provider in use, and the next one where that fails. */
  readonly client: Client<HttpTransport>;
  readonly providers: Providers;
};
