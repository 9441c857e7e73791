import { isWeftError } from "../errors.ts";
import { openByteBudget } from "../mesh/byteBudget.ts";
import { isActive } from "../mesh/nodeDirectory.ts";
import { type Mesh, startMesh } from "../mesh/startMesh.ts";
import { checkpointsFrom } from "../store/node/readCheckpoints.ts";
import type { NodeId } from "../wire/ids.ts";
import { hasShard, logShardsIn } from "../wire/shards.ts";
import { openBatcher } from "./batcher.ts";
import { bindMeshLog } from "./bindMeshLog.ts";
import { checkPeerBatch, UNKNOWN_HEADS_PER_MINUTE } from "./checkPeerBatch.ts";
import { lookAside, type Proofs, watchForks } from "./equivocation/proofs.ts";
import type { NodeParts } from "./openNodeParts.ts";
import { type OwnLogs, openOwnLog } from "./openOwnLog.ts";
import { countPublished, countReceived } from "./operating/traffic.ts";
import type { Registration } from "./registerSelf.ts";

/** How long a node waits for a block before it believes that its own log ends in the future. */
const CHAIN_MOVES_MS = 10_000;

/** Joins the other nodes, and checks a sample of what they send. Throws `bad-config` if it can't listen. */
export async function joinMesh(params: {
  parts: NodeParts;
  proofs: Proofs;
  mayConnect: (peerId: string) => boolean;
}): Promise<Mesh> {
  const { parts, proofs, mayConnect } = params;
  const { settings, keys, network, directory, admission, room, node, time, logger } = parts;
  const caught = new Set<NodeId>();
  const sample = settings.postingSample;
  const unknownHeads = openByteBudget({ perMinute: UNKNOWN_HEADS_PER_MINUTE });
  // A node has to know all that it has signed itself, or it would sign those places again.
  const hasRoom = (originator: NodeId): boolean => originator === node || !room.isOut();
  const log = bindMeshLog(admission.store, hasRoom);
  const mesh = await startMesh({
    privateKey: keys.peer,
    listen: settings.listen,
    network,
    directory,
    log: watchForks({ log: countReceived({ log, traffic: parts.traffic }), proofs, logger }),
    onUnstored: (batch) => lookAside({ proofs, batch, logger }),
    keepProof: proofs.keep,
    hasRoom,
    shards: logShardsIn(parts.shards),
    originatorBytesPerMinute: settings.peerMessageBytesPerMinute,
    strangerBytesPerMinute: settings.peerStrangerBytesPerMinute,
    chainBlock: () => admission.index.state.head?.number ?? 0,
    checkpointFrom: async (from) => (await checkpointsFrom({ index: admission.index, ...from, limit: 1 }))[0],
    checkBatch: ({ batch }) => checkPeerBatch({ admission, batch, caught, sample, unknownHeads }),
    mayConnect,
    nowMs: time.latestMs,
    logger,
  });
  time.peerClocks = mesh.peerClocks;
  proofs.listeners.add(mesh.publishProof);
  return mesh;
}

/**
 * Opens the node's own logs with the mesh's help, see `openOwnLog`. A node that alone serves a shard has nobody to ask.
 */
export async function openSigning(params: {
  parts: NodeParts;
  mesh: Mesh;
  registration: Registration;
  /** Called after a batch of this shard is on disk; must not block. */
  onGrowth: (shard: number) => void;
  signal: AbortSignal;
}): Promise<OwnLogs> {
  const { parts, mesh, registration, onGrowth, signal } = params;
  const { admission, directory, keys, network, node, readiness, settings, time } = parts;
  const { store, index } = admission;
  return await openOwnLog({
    ...parts,
    index,
    database: store.database,
    registration,
    signal,
    tell: (ownLog) => readiness.tell({ ownLog }),
    confirm: async (log) => {
      const others = directory
        .nodes()
        .filter((other) => isActive(other) && other.node !== node)
        .filter((other) => hasShard({ bitmap: BigInt(other.shards), shard: log.shard }));
      if (others.length === 0) return false;
      const head = await mesh.fetchOwnHead({ log, timeoutMs: settings.ownHeadTimeoutMs });
      return head.kind === "whole";
    },
    open: async (log) => {
      const open = () =>
        openBatcher({
          store,
          network,
          log,
          signingKey: keys.signing,
          nowMs: time.networkMs,
          latestMs: time.latestMs,
          anchor: () => index.state.anchor ?? { number: 0, hash: network.genesisHash },
          onBatch: (batch) => {
            mesh.publishBatch(batch);
            countPublished({ batch, traffic: parts.traffic });
            onGrowth(log.shard);
          },
        });
      try {
        return await open();
      } catch (error) {
        // The log may seem to end in the future while the newest block is an old one.
        if (!isWeftError(error, "not-ready") || time.chain() !== undefined) throw error;
        await time.whenSet({ ms: CHAIN_MOVES_MS, signal });
        return await open();
      }
    },
  });
}
