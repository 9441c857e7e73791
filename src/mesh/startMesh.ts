import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import { identify } from "@libp2p/identify";
import type { Libp2p } from "@libp2p/interface";
import { peerIdFromPrivateKey, peerIdFromString } from "@libp2p/peer-id";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { createLibp2p } from "libp2p";
import { wallMs } from "../clock/wallMs.ts";
import { WeftError } from "../errors.ts";
import type { Batch } from "../wire/batch.ts";
import type { EquivocationProof } from "../wire/equivocation.ts";
import type { NodeId } from "../wire/ids.ts";
import type { LogId } from "../wire/logRange.ts";
import type { Network } from "../wire/network.ts";
import { allShards, hasShard, shardsIn } from "../wire/shards.ts";
import { type Admission, gaterOf, openAdmission } from "./admission.ts";
import type { Ask } from "./catchUpLog.ts";
import { answersNeeded, fetchOwnHead, type OwnHead } from "./fetchOwnHead.ts";
import { gossipService, gossipTopic, listenToGossip, type MeshServices, publishBatch } from "./gossip.ts";
import { listenToProofs, proofTopic, publishProof } from "./gossipProofs.ts";
import { type CheckBatch, openIntake } from "./intake.ts";
import type { CheckpointFrom } from "./isCovered.ts";
import { keepPeers } from "./keepPeers.ts";
import { boundConnections, connectionBounds, muxerBounds, tcpBounds } from "./meshBounds.ts";
import type { MeshLog } from "./meshLog.ts";
import type { MeshLogger } from "./meshLogger.ts";
import type { NodeDirectory } from "./nodeDirectory.ts";
import type { ParkedNow } from "./parking.ts";
import { openPeerClocks } from "./peerClocks.ts";
import { serveSync } from "./serveSync.ts";
import { shardsOfPeer } from "./shardsOfPeer.ts";
import type { SyncLag } from "./syncLag.ts";
import { openSync, type Sync } from "./syncLogs.ts";
import { askPeer } from "./syncStream.ts";
import { openHeadTeller } from "./tellHeads.ts";

/** This node's part in the mesh. Its disposal stops it. */
export type Mesh = AsyncDisposable & {
  /** This node's peer id. */
  readonly peerId: string;
  /** Lists the addresses at which this node listens, with its peer id. */
  readonly multiaddrs: () => readonly string[];
  /** Lists the peer ids that this node is connected to. */
  readonly peers: () => readonly string[];
  /**
   * Hands this node's own batch, which must be on disk, to gossip. Never blocks or fails: sync brings what it loses.
   */
  readonly publishBatch: (batch: Batch) => void;
  /** Hands a proof to gossip. */
  readonly publishProof: (proof: EquivocationProof) => void;
  /**
   * Exchanges heads with every peer; resolves when what they have and this node lacks is fetched, as far as possible.
   */
  readonly syncNow: () => Promise<void>;
  /** Asks peers what they have of this node's log; to be called before the first signature after a start. */
  readonly fetchOwnHead: (params: { log: LogId; timeoutMs?: number }) => Promise<OwnHead>;
  /** Lists what the clocks of the peers that told lately show now, in milliseconds since 1970. */
  readonly peerClocks: () => readonly number[];
  /** Asks all peers how far they have read the chain; lists those that answer in time. */
  readonly askBlocks: () => Promise<readonly PeerBlock[]>;
  /** Looks at the registry and `mayConnect` at once instead of within half a second. */
  readonly refreshPeers: () => void;
  /** How often each outcome of a peer's batch came: `stored`, `duplicate`, and every reason of verdict.ts. */
  readonly counts: ReadonlyMap<string, number>;
  /** The peer ids that were not admitted, and how often. */
  readonly refused: ReadonlyMap<string, number>;
  /** Tells how many batches are parked. */
  readonly parked: () => ParkedNow;
  /** Tells how far this node and its peers are behind each other. */
  readonly lag: () => SyncLag;
};

/** A peer and the number of the newest block that it has read; 0 if it has read none. */
export type PeerBlock = { readonly peerId: string; readonly number: number };

export type MeshOptions = {
  /** The libp2p key: an Ed25519 seed, 32 bytes. */
  readonly privateKey: Uint8Array;
  /** The multiaddrs to listen on. */
  readonly listen: readonly string[];
  readonly network: Network;
  readonly directory: NodeDirectory;
  readonly log: MeshLog;
  /** The newest block that this node has read, 0 if none; by default, every block that a batch names counts as read. */
  readonly chainBlock?: () => number;
  /** Told of batches that are not stored although their node has signed them. */
  readonly onUnstored?: (batch: Batch) => void;
  /**
   * Keeps a verified proof, on disk when it resolves. False: that node had one. By default, proofs are not listened to.
   */
  readonly keepProof?: (proof: EquivocationProof) => Promise<boolean>;
  /** Finds the checkpoint that covers a log from a sequence on; by default there is none. */
  readonly checkpointFrom?: CheckpointFrom;
  /** The node's own check of a batch, after signature and succession and before the batch is stored. */
  readonly checkBatch?: CheckBatch;
  /** Once it returns false for a peer, connections with that peer are closed and refused. */
  readonly mayConnect?: (peerId: string) => boolean;
  /** The shards that this node serves; it listens to and fetches no others. By default all of the network's. */
  readonly shards?: readonly number[];
  /** How often heads are exchanged with all peers; 3000 by default. */
  readonly syncPeriodMs?: number;
  /** After how long a range that all peers lack is a hole; ten minutes by default. */
  readonly holeAfterMs?: number;
  /** How many bytes of messages are taken of one originator in a minute; no bound by default. */
  readonly originatorBytesPerMinute?: number;
  /** How many bytes of envelopes that strangers may publish, too, are taken of one originator; no bound by default. */
  readonly strangerBytesPerMinute?: number;
  /** False while there is no room for what the originator has signed. */
  readonly hasRoom?: (originator: NodeId) => boolean;
  /** The latest that it may be, in milliseconds since 1970; by default the wall clock. */
  readonly nowMs?: () => number;
  readonly logger: MeshLogger;
  readonly signal?: AbortSignal;
};

const SYNC_PERIOD_MS = 3000;
/** The share of the period by which each round is moved at random, lest all nodes ask at once. */
const SYNC_JITTER = 0.3;
const HOLE_AFTER_MS = 10 * 60_000;

/**
 * Joins the mesh of the network's nodes: peers of the registry, gossip, sync. Throws `bad-config` if it can't listen.
 */
export async function startMesh(options: MeshOptions): Promise<Mesh> {
  const { network, directory, log, logger, shards = shardsIn(allShards(options.network)) } = options;
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const topics = new Map(shards.map((shard) => [gossipTopic({ network, shard }), shard]));
  const { libp2p, admission } = await startLibp2p({
    ...options,
    topics: [...topics.keys(), proofTopic(network)],
  });
  const intake = openIntake({
    network,
    directory,
    log,
    checkBatch: options.checkBatch ?? (() => "good"),
    originatorBytesPerMinute: options.originatorBytesPerMinute ?? Number.POSITIVE_INFINITY,
    strangerBytesPerMinute: options.strangerBytesPerMinute ?? Number.POSITIVE_INFINITY,
    hasRoom: options.hasRoom ?? (() => true),
    nowMs: options.nowMs ?? wallMs,
    ...(options.chainBlock ? { chainBlock: options.chainBlock } : {}),
    ...(options.onUnstored ? { onUnstored: options.onUnstored } : {}),
    ...(options.checkpointFrom ? { checkpointFrom: options.checkpointFrom } : {}),
    logger,
  });
  const connected = (): string[] => [...new Set(libp2p.getPeers().map(String))];
  const shardsOf = (peerId: string): bigint => shardsOfPeer({ network, directory, peerId });
  const ask = askOver(libp2p, signal);
  const clocks = openPeerClocks();
  const holeAfterMs = options.holeAfterMs ?? HOLE_AFTER_MS;
  const tellHeads = openHeadTeller({ log });
  const { checkpointFrom } = options;
  const covering = checkpointFrom === undefined ? {} : { checkpointFrom };
  const served = { shards, shardsOf, tellHeads, clocks, holeAfterMs, ...covering };
  const sync = openSync({ meshLog: log, directory, intake, ask, ...served, logger, signal });
  const chainBlock = options.chainBlock ?? (() => 0);
  const answers = { onHeads: sync.noteHeads, tellHeads, shardsOf, chainBlock };
  await serveSync({ libp2p, log, ...answers, logger, signal });
  listenToGossip({ libp2p, shards: topics, intake, logger });
  const { keepProof: keep } = options;
  if (keep !== undefined) listenToProofs({ libp2p, network, directory, keep, logger });
  libp2p.addEventListener("peer:disconnect", ({ detail }) => {
    sync.forget(detail.toString());
  });
  libp2p.addEventListener("peer:connect", ({ detail }) => void sync.syncWith([detail.toString()]));
  const { refresh } = keepPeers({ libp2p, admission, directory, logger, signal });
  repeatSync({ sync, connected, periodMs: options.syncPeriodMs ?? SYNC_PERIOD_MS, signal });

  const dispose = async (): Promise<void> => {
    stop.abort();
    intake[Symbol.dispose]();
    await libp2p.stop();
  };
  return {
    peerId: libp2p.peerId.toString(),
    multiaddrs: () => libp2p.getMultiaddrs().map(String),
    peers: connected,
    publishBatch: (batch) => void publishBatch({ libp2p, network, batch, logger }),
    publishProof: (proof) => void publishProof({ libp2p, network, proof, logger }),
    syncNow: () => sync.syncWith(connected()),
    fetchOwnHead: (params) => {
      const { shard } = params.log;
      const serves = (peerId: string) => hasShard({ bitmap: shardsOf(peerId), shard });
      const needed = answersNeeded([...admission.peers().keys()].filter(serves).length);
      const asked = { ask, connected, serves, needed };
      return fetchOwnHead({ ...params, ...asked, meshLog: log, intake, logger, signal });
    },
    peerClocks: clocks.now,
    askBlocks: () => askBlocks({ ask, peerIds: connected() }),
    refreshPeers: refresh,
    counts: intake.counts,
    refused: admission.refused,
    parked: intake.parked,
    lag: sync.lag,
    [Symbol.asyncDispose]: dispose,
  };
}

async function startLibp2p(
  options: MeshOptions & { topics: readonly string[] },
): Promise<{ libp2p: Libp2p<MeshServices>; admission: Admission }> {
  const { network, directory, logger, listen, topics, mayConnect = () => true } = options;
  const privateKey = await generateKeyPairFromSeed("Ed25519", options.privateKey);
  const ownPeerId = peerIdFromPrivateKey(privateKey).toString();
  const admission = openAdmission({ network, directory, ownPeerId, mayConnect, logger });
  let libp2p: Libp2p<MeshServices> | undefined;
  try {
    libp2p = await createLibp2p<MeshServices>({
      privateKey,
      addresses: { listen: [...listen] },
      transports: [tcp(tcpBounds)],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux(muxerBounds)],
      connectionGater: boundConnections({ gater: gaterOf(admission), libp2p: () => libp2p }),
      connectionManager: connectionBounds,
      services: { identify: identify(), ping: ping(), gossip: gossipService(topics) },
    });
    return { libp2p, admission };
  } catch (cause) {
    const message = `the mesh can't listen on ${listen.join(", ")}`;
    throw new WeftError({ code: "bad-config", message, cause });
  }
}

function askOver(libp2p: Libp2p, signal: AbortSignal): Ask {
  return (peerId, ask) => {
    const [connection] = libp2p.getConnections(peerIdFromString(peerId));
    if (connection !== undefined) return askPeer({ connection, ask, signal });
    return Promise.reject(new WeftError({ code: "no-node", message: `not connected to ${peerId}` }));
  };
}

/** Asks peers how far they have read the chain; leaves out those that do not know the question or do not answer. */
async function askBlocks(params: { ask: Ask; peerIds: readonly string[] }): Promise<PeerBlock[]> {
  const { ask, peerIds } = params;
  const answers = await Promise.allSettled(peerIds.map((peerId) => ask(peerId, { kind: "block" })));
  return answers.flatMap((answer, i) => {
    const peerId = peerIds[i];
    if (peerId === undefined || answer.status === "rejected" || answer.value.kind !== "block") return [];
    return [{ peerId, number: answer.value.number }];
  });
}

function repeatSync(params: {
  sync: Sync;
  connected: () => readonly string[];
  periodMs: number;
  signal: AbortSignal;
}): void {
  const { sync, connected, periodMs, signal } = params;
  let timer: NodeJS.Timeout | undefined;
  const plan = (): void => {
    if (signal.aborted) return;
    const waitMs = periodMs * (1 + SYNC_JITTER * (2 * Math.random() - 1));
    timer = setTimeout(() => {
      void sync.exchange(connected());
      plan();
    }, waitMs);
  };
  signal.addEventListener("abort", () => clearTimeout(timer));
  plan();
}
