import { peerIdOfKey } from "../../src/wire/peerProof.ts";

/** How a node is reached on wires in memory, as a registration says it. */
export function nodeAddresses(httpAddress: string) {
  const peer = { peerId: peerIdOfKey(new Uint8Array(32)), peerProof: new Uint8Array(64) };
  return { ...peer, multiaddrs: [], httpAddress, shards: 1n };
}
