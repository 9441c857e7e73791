import type { Logger } from "pino";
import { restartNode } from "../chain/registry/restartNode.ts";
import { WeftError } from "../errors.ts";
import { peerIdOf } from "../mesh/peerId.ts";
import type { Mesh } from "../mesh/startMesh.ts";
import type { NodeAddresses } from "../wire/chainRecord.ts";
import type { NodeId } from "../wire/ids.ts";
import { signPeerProof } from "../wire/peerProof.ts";
import { HISTORY_SHARDS_FROM } from "../wire/shards.ts";
import { type ChainWatch, stir, stirAll, watchChain } from "./chainHub.ts";
import { keepReports } from "./equivocation/keepReports.ts";
import { openProofs } from "./equivocation/proofs.ts";
import { joinMesh, openSigning } from "./joinMesh.ts";
import { keepCheckpoints } from "./keepCheckpoints.ts";
import { keepPeerLag } from "./keepPeerLag.ts";
import { keepRegistered } from "./keepRegistered.ts";
import { keepShards } from "./keepShards.ts";
import { type NodeParts, openNodeParts, runInBackground } from "./openNodeParts.ts";
import { closeOwnLogs, type OwnLogs } from "./openOwnLog.ts";
import { logLevelOf } from "./operating/logLevel.ts";
import { type Registration, registerSelf } from "./registerSelf.ts";
import { fundRelaying } from "./relaying/fundRelaying.ts";
import { weiOf } from "./relaying/relaying.ts";
import { type ServedNode, serveNode } from "./serveNode.ts";
import type { NodeSettings } from "./settings/nodeSettings.ts";

/** A node that runs. Disposing lets open calls end, writes what waits and closes everything. */
export type Node = AsyncDisposable & {
  readonly nodeId: NodeId;
  readonly peerId: string;
  /** The URL of its public API, as it listens. */
  readonly url: string;
  /** The URL of its metrics; undefined: they are off. */
  readonly metricsUrl: string | undefined;
  readonly multiaddrs: readonly string[];
  /** Resolves once it answers everything: index at the newest block, own log confirmed. */
  readonly whenReady: (signal: AbortSignal) => Promise<void>;
  /** Resolves with the fault that ended a part of the node for good, if one does: only a restart helps then. */
  readonly failed: Promise<WeftError>;
  /** Cuts its links to all other nodes but these, given by peer id; undefined: to none. For tests of partitions. */
  readonly limitPeers: (peerIds: ReadonlySet<string> | undefined) => void;
};

/** The most addresses that the registry takes. */
const MAX_MULTIADDRS = 8;

/**
 * Starts a node: keys and database of its data directory, chain index, mesh, public API. Resolves when it listens and
 * the registry names it; until it is ready it answers with `not-ready`. `signal` ends the start only. Throws
 * `bad-config`, `chain-unreachable`, `wrong-chain`, `wrong-network`, `storage`, `unfunded` (with the account to fund),
 * `not-allowed` (the node left the registry).
 */
export async function startNode(params: {
  settings: NodeSettings;
  logger: Logger;
  /** The limit from the start on, as by `limitPeers`. */
  peerLimit?: ReadonlySet<string> | undefined;
  signal: AbortSignal;
}): Promise<Node> {
  const { settings, signal } = params;
  let { peerLimit } = params;
  await using stack = new AsyncDisposableStack();
  const parts = await openNodeParts({ ...params, stack });
  const { readiness, logger } = parts;
  runInBackground({ parts, stack });
  const proofs = await openProofs({ ...parts, store: parts.admission.store });
  const mayConnect = (peerId: string): boolean => peerLimit?.has(peerId) ?? true;
  const mesh = stack.use(await joinMesh({ parts, proofs, mayConnect }));
  proofs.listeners.add(() => stirAll(parts.hub));
  const comparing = new AbortController();
  const compared = keepPeerLag({ parts, mesh, signal: comparing.signal });
  const { index } = parts.admission;
  const reported = keepReports({
    ...{ ...parts, index, proofs, signal: comparing.signal },
    dropAfterBlocks: settings.dropAfterBlocks,
  });
  stack.defer(async () => {
    comparing.abort();
    await Promise.all([compared, reported]);
  });
  const logLevel = logLevelOf([parts.logger, params.logger]);
  const ownLog = stack.use(ownLogOf({ parts, mesh }));
  const rpc = stack.use(await serveNode({ parts, mesh, ...ownLog, logLevel }));
  const addresses = await addressesOf({ parts, mesh, rpc });
  const register = (until: AbortSignal): Promise<Registration> =>
    registerSelf({ ...parts, signingKey: parts.keys.signing, addresses, signal: until });
  const registration = await register(signal);
  await fundRelaying({ ...parts, startWei: weiOf(settings.relayStartGwei), signal });
  signal.throwIfAborted();
  ownLog.open({ registration, register });
  logger.info({ peerId: mesh.peerId, url: rpc.url, dataDir: settings.dataDir }, "the node runs");
  const owned = stack.move();
  return {
    nodeId: parts.node,
    peerId: mesh.peerId,
    url: rpc.url,
    metricsUrl: rpc.metricsUrl,
    multiaddrs: mesh.multiaddrs(),
    whenReady: readiness.whenReady,
    failed: readiness.failed,
    limitPeers: (peerIds) => {
      peerLimit = peerIds;
      mesh.refreshPeers();
    },
    [Symbol.asyncDispose]: async () => {
      readiness.tell({ isStopping: true });
      await owned.disposeAsync();
      logger.info({}, "the node has stopped");
    },
  };
}

type Register = (signal: AbortSignal) => Promise<Registration>;

/** Opens the node's own log of each shard, and keeps it valid in the background; disposing writes what waits. */
function ownLogOf(params: { parts: NodeParts; mesh: Mesh }): AsyncDisposable & {
  readonly open: (found: { registration: Registration; register: Register }) => void;
  readonly ownLogs: () => OwnLogs;
  /** How many checkpoints of these logs were sent, by outcome. */
  readonly checkpoints: ReadonlyMap<string, number>;
} {
  const { parts } = params;
  const { readiness, logger, admission, chain, operator, node, hub } = parts;
  const stop = new AbortController();
  const { signal } = stop;
  let running: Promise<void> | undefined;
  let ownLogs: OwnLogs | undefined;
  const checkpoints = new Map<string, number>();
  const count = (outcome: string) => void checkpoints.set(outcome, (checkpoints.get(outcome) ?? 0) + 1);
  const watches = new Map<number, ChainWatch>();
  const onGrowth = (shard: number): void => {
    const watch = watches.get(shard);
    if (watch !== undefined) stir(watch);
  };
  const run = async ({ registration, register }: { registration: Registration; register: Register }) => {
    try {
      const { index, store } = admission;
      const keeping = keepShards({ ...parts, index, signal });
      ownLogs = await openSigning({ ...params, registration, onGrowth, signal });
      const logs = [...ownLogs.values()].map(({ log }) => log);
      const [log] = logs;
      if (log === undefined) throw new WeftError({ code: "internal", message: "a node serves a shard" });
      readiness.tell({ ownLog: undefined });
      logger.info({ generation: Number(log.generation) }, "the node may sign");
      const restart = () => restartNode({ chain, operator, node, generation: Number(log.generation) });
      // Logs of shards that the node no longer serves get checkpoints, too.
      const left = [...store.state.logs.values()].filter(
        (one) => one.log.node === node && one.log.generation === log.generation,
      );
      // Nothing that is judged by checkpoints is in logs of histories.
      const judged = [...logs, ...left.map((one) => one.log)].filter(
        ({ shard }) => shard < HISTORY_SHARDS_FROM,
      );
      const anchored = new Map(judged.map((one) => [one.shard, one]));
      const anchoring = [...anchored.values()].map(async (log) => {
        using watch = watchChain({ hub, groups: [] });
        watches.set(log.shard, watch);
        await keepCheckpoints({ ...parts, index, store, log, watch, count, signal });
      });
      await Promise.all([
        keeping,
        keepRegistered({ ...parts, index, log, register: () => register(signal), restart, signal }),
        ...anchoring,
      ]);
    } catch (error) {
      if (signal.aborted) return;
      logger.fatal({ err: error }, "the node's own log can't be opened");
      const message = "its own log can't be opened";
      readiness.tell({ failure: new WeftError({ code: "internal", message, cause: error }) });
    }
  };
  return {
    open: (found) => {
      running = run(found);
    },
    checkpoints,
    ownLogs: () => {
      if (ownLogs !== undefined) return ownLogs;
      throw new WeftError({ code: "not-ready", message: "the node's own log is not open yet" });
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort(new WeftError({ code: "closed", message: "the node is stopping" }));
      await running;
      if (ownLogs === undefined) return;
      await closeOwnLogs({ database: admission.store.database, logs: ownLogs }).catch((error: unknown) => {
        logger.warn(
          { err: error },
          "the node's own log was not closed: it opens another generation next time",
        );
      });
    },
  };
}

/** Gives what the registry tells others: what the settings say, else where the node listens. */
async function addressesOf(params: {
  parts: NodeParts;
  mesh: Mesh;
  rpc: ServedNode;
}): Promise<NodeAddresses> {
  const { parts, mesh, rpc } = params;
  const { announce, publicUrl } = parts.settings;
  const { network, node, keys } = parts;
  const { bytes } = await peerIdOf({ privateKey: keys.peer });
  const peerProof = signPeerProof({ network, node, privateKey: keys.peer });
  const multiaddrs = (announce.length > 0 ? announce : mesh.multiaddrs()).slice(0, MAX_MULTIADDRS);
  return { peerId: bytes, peerProof, multiaddrs, httpAddress: publicUrl ?? rpc.url };
}
