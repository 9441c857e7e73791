import type { Network } from "../wire/network.ts";
import type { NodeDirectory } from "./nodeDirectory.ts";
import { provenPeerId } from "./peerId.ts";

/** Returns the shards that a peer serves by the registry, bit n for shard n; 0 for a peer that it does not name. */
export function shardsOfPeer(params: { network: Network; directory: NodeDirectory; peerId: string }): bigint {
  const { network, directory, peerId } = params;
  return directory
    .nodes()
    .filter((node) => provenPeerId({ network, node }) === peerId)
    .reduce((bitmap, { shards }) => bitmap | BigInt(shards), 0n);
}
