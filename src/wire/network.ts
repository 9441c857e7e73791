import { concatBytes } from "../crypto/concatBytes.ts";
import { WeftError } from "../errors.ts";
import { u64 } from "./bytes.ts";
import { type Address, fromHex, type Hex } from "./ids.ts";

/**
 * The version of the three contracts together. What is signed for them names chain and contract, so that it counts on
 * no other.
 */
export const NETWORK_VERSION = 4;
/** The most shards of a network: the bits of a word of the NodeRegistry. */
export const MAX_SHARDS = 256;

/** Blocks on top of one that make it final, for whoever is not told otherwise. */
export const DEFAULT_FINALITY_BLOCKS = 64;

/** One deployment, as its address file holds it. */
export type Network = {
  /** The version of the contracts, see NETWORK_VERSION. */
  readonly version: typeof NETWORK_VERSION;
  readonly chainId: number;
  readonly commitLog: Address;
  readonly identityRegistry: Address;
  readonly nodeRegistry: Address;
  /**
   * Makes the wallets of passkeys. It is no part of the protocol: nobody asks it anything to judge by. Undefined on
   * networks that were deployed without it.
   */
  readonly passkeyWallets?: Address;
  /** How many shards batches are spread over; 1 to MAX_SHARDS. */
  readonly shards: number;
  /** The chain is read from this block on. */
  readonly deployedBlock: number;
  /** Hash of block 0: tells apart local chains that share a chain id. */
  readonly genesisHash: Hex;
};

/** Encodes what signed layouts name as `network`: chain id (u64) ‖ contract address. */
export function networkBytes(params: { chainId: number; contract: Address }): Uint8Array {
  return concatBytes(u64(params.chainId), fromHex(params.contract));
}

/**
 * Gives the version of a network's contracts. Throws `old-network` for an earlier one, `bad-config` for one that this
 * program does not know. Address files of version 1 do not say theirs.
 */
export function checkNetworkVersion(network: { readonly version?: unknown }): typeof NETWORK_VERSION {
  const { version = 1 } = network;
  if (version === NETWORK_VERSION) return version;
  const message = `the address file names contracts of version ${String(version)}, this is version ${NETWORK_VERSION}`;
  if (typeof version === "number" && version < NETWORK_VERSION)
    throw new WeftError({ code: "old-network", message });
  const hint = "Install the version of Weft that the address file is for.";
  throw new WeftError({ code: "bad-config", message, hint });
}
