import type { Client, HttpTransport } from "viem";
import type { Network } from "../wire/network.ts";

/** A chain's RPC, known to hold the network's contracts when it was opened. Holds no connection; nothing to close. */
export type Chain = { readonly network: Network; readonly client: Client<HttpTransport> };
