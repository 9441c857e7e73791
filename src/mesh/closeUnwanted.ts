import type { Connection, Libp2p } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import type { MeshServices } from "./gossip.ts";
import type { Keeping } from "./keeping.ts";
import type { MeshLogger } from "./meshLogger.ts";

/** A connection without an outbound gossip stream for so long is closed and dialed again. */
const DEAD_STREAM_MS = 3000;
const GOSSIP_PROTOCOL = "/meshsub/";

/**
 * Closes connections to peers that are no longer admitted, and those whose gossip stream is dead. `now`: `steadyMs`.
 */
export function closeUnwanted({ keeping, now }: { keeping: Keeping; now: number }): void {
  const { libp2p, admission, silentSince, logger } = keeping;
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
