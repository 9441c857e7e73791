import type { ConnectionGater, Libp2p } from "@libp2p/interface";
import { MAX_SYNC_FRAME_BYTES } from "../wire/limits.ts";

/**
 * How many handshakes one host may begin in a second, and how many may be under way: each takes costly cryptography.
 */
const CONNECTIONS_PER_SECOND = 50;
const MAX_HANDSHAKES = 256;
const HANDSHAKE_MS = 5_000;
/**
 * How many sockets, of registered peers or not, and connections; a peer has one, or two if both sides dialed at once.
 */
const MAX_SOCKETS = 2_048;
const MAX_CONNECTIONS = 1_024;
const MAX_CONNECTIONS_PER_PEER = 4;
/** How many streams a peer may open on one connection: 16 sync requests, gossip, identify and ping need no more. */
const MAX_INBOUND_STREAMS = 32;
/** How much a stream may send before it is read: a page. */
const STREAM_BYTES = 2 ** Math.ceil(Math.log2(MAX_SYNC_FRAME_BYTES));
/** How much may wait for a peer that does not read. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024;
/** Gossip has one stream in each direction, and a second one while it is replaced. */
const MAX_GOSSIP_STREAMS = 2;

/** Options of libp2p's TCP transport. */
export const tcpBounds = { maxConnections: MAX_SOCKETS } as const;

/** Options of libp2p's stream muxer. */
export const muxerBounds = {
  maxInboundStreams: MAX_INBOUND_STREAMS,
  streamOptions: {
    maxStreamWindowSize: STREAM_BYTES,
    maxReadBufferLength: 2 * STREAM_BYTES,
    maxWriteBufferLength: MAX_UNSENT_BYTES,
  },
} as const;

/** Options of libp2p's connection manager. */
export const connectionBounds = {
  maxConnections: MAX_CONNECTIONS,
  inboundConnectionThreshold: CONNECTIONS_PER_SECOND,
  maxIncomingPendingConnections: MAX_HANDSHAKES,
  inboundUpgradeTimeout: HANDSHAKE_MS,
} as const;

/** Options of gossipsub. */
export const gossipBounds = {
  maxInboundStreams: MAX_GOSSIP_STREAMS,
  maxOutboundStreams: MAX_GOSSIP_STREAMS,
} as const;

/** Adds a bound to a gater: a peer that has MAX_CONNECTIONS_PER_PEER connections can't open another. */
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
