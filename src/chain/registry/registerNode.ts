import { p256PublicKey, signP256 } from "#crypto";
import { concatBytes } from "../../crypto/concatBytes.ts";
import { p256Coordinates } from "../../crypto/p256Point.ts";
import { utf8 } from "../../wire/bytes.ts";
import type { NodeAddresses } from "../../wire/chainRecord.ts";
import { type Address, fromHex, type NodeId, toHex } from "../../wire/ids.ts";
import { type Network, networkBytes } from "../../wire/network.ts";
import { allShards } from "../../wire/shards.ts";
import { nodeIdOf } from "../layout/nodeIdOf.ts";
import { registeredAddresses } from "../layout/registeredAddresses.ts";
import type { Chain } from "../provider/chain.ts";
import { readBond } from "../read/readBond.ts";
import type { Relayer } from "../submit/openRelayer.ts";
import { callNodeRegistry, type RegistryOutcome } from "./callNodeRegistry.ts";

/**
 * Registers a node under the operator's account, with a proof that the operator holds the node's P-256 key (32 bytes),
 * and pays the bond. The node serves all shards, or those whose bit is set in `shards`. `exists`: the node is
 * registered already, perhaps with other addresses. Throws `malformed` for a peer id without a proof; else as
 * `submitCall` does.
 */
export async function registerNode(params: {
  chain: Chain;
  operator: Relayer;
  signingPrivateKey: Uint8Array;
  shards?: bigint;
  addresses: NodeAddresses;
}): Promise<RegistryOutcome & { readonly node: NodeId }> {
  const { chain, operator, signingPrivateKey, shards = allShards(chain.network), addresses } = params;
  const signingKey = p256PublicKey(signingPrivateKey);
  const { x, y } = p256Coordinates(signingKey);
  const node = nodeIdOf({ operator: operator.address, signingKey });
  const message = possessionMessage({ network: chain.network, operator: operator.address, node });
  const proof = signP256({ privateKey: signingPrivateKey, message });
  const outcome = await callNodeRegistry({
    chain,
    relayer: operator,
    valueWei: await readBond({ chain }),
    call: {
      functionName: "register",
      args: [toHex(x), toHex(y), shards, registeredAddresses(addresses), toHex(proof)],
    },
    doneBefore: "NodeExists",
  });
  return { ...outcome, node };
}

/** What the node's key signs: see contracts/INodeRegistry.sol, "proof". */
function possessionMessage(params: { network: Network; operator: Address; node: NodeId }): Uint8Array {
  const { chainId, nodeRegistry: contract } = params.network;
  return concatBytes(
    utf8("weft.node.v1"),
    networkBytes({ chainId, contract }),
    fromHex(params.operator),
    fromHex(params.node),
  );
}
