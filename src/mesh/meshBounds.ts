import type { ConnectionGater, Libp2p } from "@libp2p/interface";
import { MAX_SYNC_FRAME_BYTES } from "../wire/limits.ts";

/** Handshakes of one host in a second, and of all that are under way: each takes a signature and two key agreements. */
const CONNECTIONS_PER_SECOND = 50;
const MAX_HANDSHAKES = 256;
const HANDSHAKE_MS = 5_000;
/** Sockets, registered or not, and peers; a peer has one connection, and two where both dialed at once. */
const MAX_SOCKETS = 2_048;
const MAX_CONNECTIONS = 1_024;
const MAX_CONNECTIONS_PER_PEER = 4;
/** Of one connection: 16 questions, gossip, identify and ping need no more. */
const MAX_INBOUND_STREAMS = 32;
/** What a stream may send before it is read: a page. */
const STREAM_BYTES = 2 ** Math.ceil(Math.log2(MAX_SYNC_FRAME_BYTES));
/** What waits for a peer that does not read. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024;
/** Gossip has one stream in each direction, and a second one while it changes. */
const MAX_GOSSIP_STREAMS = 2;

export const tcpBounds = { maxConnections: MAX_SOCKETS } as const;

export const muxerBounds = {
  maxInboundStreams: MAX_INBOUND_STREAMS,
  streamOptions: {
    maxStreamWindowSize: STREAM_BYTES,
    maxReadBufferLength: 2 * STREAM_BYTES,
    maxWriteBufferLength: MAX_UNSENT_BYTES,
  },
} as const;

export const connectionBounds = {
  maxConnections: MAX_CONNECTIONS,
  inboundConnectionThreshold: CONNECTIONS_PER_SECOND,
  maxIncomingPendingConnections: MAX_HANDSHAKES,
  inboundUpgradeTimeout: HANDSHAKE_MS,
} as const;

export const gossipBounds = {
  maxInboundStreams: MAX_GOSSIP_STREAMS,
  maxOutboundStreams: MAX_GOSSIP_STREAMS,
} as const;

/** Refuses a peer's connections beyond its bound. */
export function boundConnections(params: {
  gater: ConnectionGater;
  libp2p: () => Pick<Libp2p, "getConnections"> | undefined;
}): ConnectionGater {
  const { gater, libp2p } = params;
  return {
    ...gater,
    denyInboundUpgradedConnection: (peerId) =>
      (libp2p()?.getConnections(peerId).length ?? 0) >= MAX_CONNECTIONS_PER_PEER,
  };
}
