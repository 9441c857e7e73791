import type { Client, HttpTransport } from "viem";
import type { Network } from "../../wire/network.ts";
import type { Providers } from "./providers.ts";

/**
 * A chain by way of its RPC providers, at least one of which served the network when the chain was opened. Holds no
 * connection, so there is nothing to close.
 */
export type Chain = {
  readonly network: Network;
  /** Asks the provider in use, and the next one if that fails. */
  readonly client: Client<HttpTransport>;
  readonly providers: Providers;
};
