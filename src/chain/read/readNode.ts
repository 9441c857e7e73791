import { readContract } from "viem/actions";
import { compressP256 } from "../../crypto/p256Point.ts";
import type { NodeAddresses } from "../../wire/chainRecord.ts";
import { type Address, asAddress, fromHex, type NodeId } from "../../wire/ids.ts";
import { nodeRegistryAbi } from "../abi/nodeRegistry.ts";
import { nodeAddressesOf } from "../layout/registeredAddresses.ts";
import type { Chain } from "../provider/chain.ts";
import { readCall } from "./readCall.ts";

/** What NodeRegistry holds about a node. */
export type NodeState = NodeAddresses & {
  readonly operator: Address;
  /** The node's P-256 key, compressed: 33 bytes. */
  readonly signingKey: Uint8Array;
  readonly generation: bigint;
  /** Bit n is set if the node serves shard n. Zero if the registry dropped the node's record. */
  readonly shards: bigint;
  /** True if the node neither leaves nor is disabled. */
  readonly active: boolean;
};

/** Reads a node as of the chain's newest block; undefined if it was never registered. Throws `chain-unreachable`. */
export async function readNode(params: { chain: Chain; node: NodeId }): Promise<NodeState | undefined> {
  const { chain, node } = params;
  const state = await readCall({
    what: "a node",
    read: readContract(chain.client, {
      address: chain.network.nodeRegistry,
      abi: nodeRegistryAbi,
      functionName: "nodes",
      args: [node],
    }),
  });
  if (state.registeredBlock === 0) return undefined;

  return {
    operator: asAddress(state.operator),
    signingKey: compressP256({ x: fromHex(state.x), y: fromHex(state.y) }),
    generation: state.generation,
    active: state.leavingBlock === 0 && state.disabledBlock === 0,
    shards: state.shards,
    ...nodeAddressesOf(state.addresses),
  };
}
