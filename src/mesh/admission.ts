import type { ConnectionGater, PeerId } from "@libp2p/interface";
import { errorHints } from "../errors.ts";
import type { Network } from "../wire/network.ts";
import type { MeshLogger } from "./meshLogger.ts";
import { isActive, type NodeDirectory } from "./nodeDirectory.ts";
import { provenPeerId } from "./peerId.ts";

/**
 * Which peers this node may speak with: active registered nodes with a proven peer id, as far as `mayConnect` allows.
 */
export type Admission = {
  /** Lists the addresses of all active proven peers by peer id, whatever `mayConnect` says. */
  readonly peers: () => ReadonlyMap<string, readonly string[]>;
  readonly admits: (peerId: string) => boolean;
  /** The peer ids that were refused, and how often. */
  readonly refused: ReadonlyMap<string, number>;
  /** Counts a refused peer; the first time, warns. */
  readonly refuse: (peerId: string) => void;
};

const MAX_REFUSED_PEERS = 1024;

/** Opens the admission of peers; it follows the registry by itself. */
export function openAdmission(params: {
  network: Network;
  directory: NodeDirectory;
  ownPeerId: string;
  mayConnect: (peerId: string) => boolean;
  logger: MeshLogger;
}): Admission {
  const { network, directory, ownPeerId, mayConnect, logger } = params;
  const refused = new Map<string, number>();
  const peers = (): ReadonlyMap<string, readonly string[]> => {
    const named = new Map<string, readonly string[]>();
    for (const node of directory.nodes().filter(isActive)) {
      const text = provenPeerId({ network, node });
      if (text === undefined || text === ownPeerId) continue;
      // One peer may be two nodes: it is reached at the addresses of both.
      named.set(text, [...(named.get(text) ?? []), ...node.multiaddrs]);
    }
    return named;
  };
  const refuse = (peerId: string): void => {
    const times = (refused.get(peerId) ?? 0) + 1;
    if (refused.size < MAX_REFUSED_PEERS || times > 1) refused.set(peerId, times);
    if (times > 1) return;
    const hint = errorHints["unregistered-peer"];
    logger.warn({ code: "unregistered-peer", peerId, hint }, "a peer was refused");
  };
  return { peers, refused, refuse, admits: (peerId) => mayConnect(peerId) && peers().has(peerId) };
}

/** Makes a gater that denies connections from and to peers that are not admitted. */
export function gaterOf(admission: Admission): ConnectionGater {
  const deny = (peerId: PeerId): boolean => {
    const text = peerId.toString();
    if (admission.admits(text)) return false;
    admission.refuse(text);
    return true;
  };
  return {
    denyDialPeer: (peerId) => !admission.admits(peerId.toString()),
    denyDialMultiaddr: () => false,
    denyInboundEncryptedConnection: deny,
    denyOutboundEncryptedConnection: deny,
  };
}
