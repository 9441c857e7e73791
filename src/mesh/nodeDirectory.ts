import type { Hex, NodeId } from "../wire/ids.ts";

/** A node as the registry has it. */
export type RegisteredNode = {
  readonly node: NodeId;
  /** P-256, compressed: 33 bytes. */
  readonly signingKey: Hex;
  /** libp2p peer id as multihash bytes: as claimed, see `provenPeerId`. */
  readonly peerId: Hex;
  /** 64 bytes. */
  readonly peerProof: Hex;
  readonly multiaddrs: readonly string[];
  /** Of its log: older ones are history, newer ones are not known yet. */
  readonly generation: number;
  readonly leavingBlock: number | undefined;
  readonly disabledBlock: number | undefined;
};

/** The registry as this node's index has it. */
export type NodeDirectory = {
  readonly nodes: () => readonly RegisteredNode[];
  /** Calls back after every change, until the returned function is called. */
  readonly onChange: (listener: () => void) => () => void;
};

export function findNode(directory: NodeDirectory, id: NodeId): RegisteredNode | undefined {
  return directory.nodes().find(({ node }) => node === id);
}

/** Still takes part: neither leaving nor disabled. */
export function isActive(node: RegisteredNode): boolean {
  return node.leavingBlock === undefined && node.disabledBlock === undefined;
}
