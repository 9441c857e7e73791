import { readContract } from "viem/actions";
import { nodeRegistryAbi } from "../abi/nodeRegistry.ts";
import type { Chain } from "../provider/chain.ts";
import { readCall } from "./readCall.ts";

/** Reads the bond that an operator pays to NodeRegistry for a node, in wei. Throws `chain-unreachable`. */
export async function readBond(params: { chain: Chain }): Promise<bigint> {
  const { chain } = params;
  const address = chain.network.nodeRegistry;
  const read = readContract(chain.client, { address, abi: nodeRegistryAbi, functionName: "BOND" });
  return await readCall({ what: "the bond", read });
}
