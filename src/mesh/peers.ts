import type { Connection, ConnectionGater, Libp2p, PeerId } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { steadyMs } from "../clock/steadyMs.ts";
import { errorHints } from "../errors.ts";
import type { Network } from "../wire/network.ts";
import type { MeshServices } from "./gossip.ts";
import type { MeshLogger } from "./meshLogger.ts";
import { isActive, type NodeDirectory } from "./nodeDirectory.ts";
import { provenPeerId } from "./peerId.ts";

/**
 * Whom this node may speak with: active registered nodes whose peer id is proven and that `mayConnect` allows. By peer
 * id, with addresses.
 */
export type Admission = {
  readonly peers: () => ReadonlyMap<string, readonly string[]>;
  readonly admits: (peerId: string) => boolean;
  /** Peer ids that were refused, with the number of times. */
  readonly refused: ReadonlyMap<string, number>;
  readonly refuse: (peerId: string) => void;
};

const LOOP_MS = 500;
const DIAL_TIMEOUT_MS = 5000;
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 15_000;
/** The peer with the smaller id dials; the other one only after this, lest two connections cross. */
const YIELD_MS = 500;
/** A connection without an outbound gossip stream for so long is closed and dialed again. */
const DEAD_STREAM_MS = 3000;
const MAX_REFUSED_PEERS = 1024;
const GOSSIP_PROTOCOL = "/meshsub/";

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
      // One peer may be two nodes; both are where it says.
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

/** Refuses connections, in and out, to whom the registry does not name. */
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

type Dial = { readonly retryAt: number; readonly waitMs: number; readonly missingSince: number };

/**
 * The loop from registry to peers: dials who is missing, closes who is no longer admitted, closes connections whose
 * gossip stream has died. Resolves when `signal` aborts.
 */
export function keepPeers(params: {
  libp2p: Libp2p<MeshServices>;
  admission: Admission;
  directory: NodeDirectory;
  logger: MeshLogger;
  signal: AbortSignal;
}): { readonly refresh: () => void } {
  const { libp2p, admission, directory, logger, signal } = params;
  const dials = new Map<string, Dial>();
  const dialing = new Set<string>();
  const silentSince = new Map<string, number>();

  const dial = async (peerId: string, addresses: readonly string[]): Promise<void> => {
    dialing.add(peerId);
    try {
      const targets = addresses.flatMap((address) => withPeerId(address, peerId));
      if (targets.length === 0) return;
      await libp2p.dial(targets, { signal: AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]) });
    } catch (error) {
      logger.debug({ peerId, error }, "a peer does not answer");
    } finally {
      dialing.delete(peerId);
    }
  };
  const dialMissing = (now: number): void => {
    const wanted = admission.peers();
    for (const peerId of dials.keys()) if (!wanted.has(peerId)) dials.delete(peerId);
    for (const [peerId, addresses] of wanted) {
      if (!admission.admits(peerId) || libp2p.getConnections(peerIdFromString(peerId)).length > 0) {
        dials.delete(peerId);
        continue;
      }
      const known = dials.get(peerId) ?? { retryAt: now, waitMs: FIRST_RETRY_MS, missingSince: now };
      const yields = peerId < libp2p.peerId.toString() && now - known.missingSince < YIELD_MS;
      if (dialing.has(peerId) || now < known.retryAt || yields) {
        dials.set(peerId, known);
        continue;
      }
      const waitMs = Math.min(MAX_RETRY_MS, 2 * known.waitMs);
      dials.set(peerId, { ...known, waitMs, retryAt: now + known.waitMs });
      void dial(peerId, addresses);
    }
  };
  const closeUnwanted = (now: number): void => {
    for (const connection of libp2p.getConnections()) {
      const peerId = connection.remotePeer.toString();
      if (!admission.admits(peerId)) close(connection, logger);
      else if (hasGossipStream(libp2p, peerId)) silentSince.delete(peerId);
      else if (now - (silentSince.get(peerId) ?? now) >= DEAD_STREAM_MS) {
        logger.warn({ peerId }, "the gossip stream to a peer is dead: connecting again");
        silentSince.delete(peerId);
        close(connection, logger);
      } else silentSince.set(peerId, silentSince.get(peerId) ?? now);
    }
  };
  const refresh = (): void => {
    if (signal.aborted) return;
    const now = steadyMs();
    closeUnwanted(now);
    dialMissing(now);
  };
  const timer = setInterval(refresh, LOOP_MS);
  const stopListening = directory.onChange(refresh);
  signal.addEventListener("abort", () => {
    clearInterval(timer);
    stopListening();
  });
  refresh();
  return { refresh };
}

function hasGossipStream(libp2p: Libp2p<MeshServices>, peerId: string): boolean {
  const streams = libp2p.getConnections(peerIdFromString(peerId)).flatMap(({ streams }) => streams);
  return streams.some(
    ({ protocol, direction, status }) =>
      protocol?.startsWith(GOSSIP_PROTOCOL) && direction === "outbound" && status === "open",
  );
}

function close(connection: Connection, logger: MeshLogger): void {
  connection.close().catch((error: unknown) => {
    logger.debug({ error }, "a connection was aborted");
    connection.abort(new Error("not admitted"));
  });
}

/** An address of the registry as a dial target; none if it does not parse or names another peer. */
function withPeerId(address: string, peerId: string): Multiaddr[] {
  try {
    const target = multiaddr(address);
    const named = target.getComponents().find(({ name }) => name === "p2p");
    if (named === undefined) return [target.encapsulate(`/p2p/${peerId}`)];
    return named.value === peerId ? [target] : [];
  } catch {
    return [];
  }
}
