import { concatBytes } from "../crypto/concatBytes.ts";
import { u64 } from "./bytes.ts";
import { type Address, fromHex, type Hex } from "./ids.ts";

/** One deployment, as its address file holds it. */
export type Network = {
  readonly chainId: number;
  readonly commitLog: Address;
  readonly identityRegistry: Address;
  readonly nodeRegistry: Address;
  /** The chain is read from this block on. */
  readonly deployedBlock: number;
  /** Hash of block 0: tells apart local chains that share a chain id. */
  readonly genesisHash: Hex;
};

/** What signed layouts name as `network`: chain id (u64) ‖ contract address. */
export function networkBytes(params: { chainId: number; contract: Address }): Uint8Array {
  return concatBytes(u64(params.chainId), fromHex(params.contract));
}
