import { join } from "node:path";
import type { Logger } from "pino";
import { p256PublicKey } from "#crypto";
import { nodeIdOf } from "../chain/layout/nodeIdOf.ts";
import type { Chain } from "../chain/provider/chain.ts";
import { openChain } from "../chain/provider/openChain.ts";
import { watchProviders } from "../chain/provider/watchProviders.ts";
import { openRelayer, type Relayer } from "../chain/submit/openRelayer.ts";
import { isWeftError, WeftError } from "../errors.ts";
import { openChainIndex } from "../store/node/chainIndex.ts";
import { openLogStore } from "../store/node/openLogStore.ts";
import { settleWrites } from "../store/node/writer.ts";
import { openDatabase } from "../store/openDatabase.ts";
import type { BlockRef } from "../wire/blockRef.ts";
import type { GroupId, NodeId } from "../wire/ids.ts";
import type { Network } from "../wire/network.ts";
import { allShards, bitmapOf } from "../wire/shards.ts";
import { type Admission, forgetHeads, openAdmission } from "./admitEnvelope.ts";
import { type ChainHub, openChainHub } from "./chainHub.ts";
import { type Directory, openDirectory } from "./directory.ts";
import { type EntryShelf, openEntryShelf } from "./entryShelf.ts";
import { followIndex } from "./followIndex.ts";
import { keepClock } from "./keepClock.ts";
import { keepPruning } from "./keepPruning.ts";
import { keepTransactions } from "./keepTransactions.ts";
import { loadNodeKeys, type NodeKeys } from "./nodeKeys.ts";
import { type NodeTime, openNodeTime } from "./nodeTime.ts";
import { openTraffic, type Traffic } from "./operating/traffic.ts";
import { openReadiness, type Readiness } from "./readiness.ts";
import { readNetwork } from "./readNetwork.ts";
import { keepPurse } from "./relaying/keepPurse.ts";
import { openRelaying, type Relaying } from "./relaying/relaying.ts";
import type { NodeSettings } from "./settings/nodeSettings.ts";
import { watchDisk } from "./watchDisk.ts";
import { type DiskRoom, watchRoom } from "./watchRoom.ts";

/** What a node is made of before it speaks to anybody but the chain. */
export type NodeParts = {
  readonly settings: NodeSettings;
  readonly network: Network;
  readonly keys: NodeKeys;
  readonly node: NodeId;
  /** The shards that the node is to serve: bit n for shard n. */
  readonly shards: bigint;
  readonly chain: Chain;
  /** Pays for the node itself: registration, checkpoints, generations. */
  readonly operator: Relayer;
  /** Pays for clients. */
  readonly relaying: Relaying;
  /** Judges envelopes; holds the log store and the chain index. */
  readonly admission: Admission;
  readonly directory: Directory;
  readonly hub: ChainHub;
  readonly readiness: Readiness;
  readonly room: DiskRoom;
  readonly shelf: EntryShelf;
  readonly time: NodeTime;
  readonly traffic: Traffic;
  readonly logger: Logger;
};

/**
 * Opens keys, chain and database. `stack` closes what was opened. Throws `bad-config`, `chain-unreachable`,
 * `wrong-chain`, `wrong-network`, `storage`.
 */
export async function openNodeParts(params: {
  settings: NodeSettings;
  logger: Logger;
  signal: AbortSignal;
  stack: AsyncDisposableStack;
}): Promise<NodeParts> {
  const { settings, logger, signal, stack } = params;
  const time = openNodeTime();
  const network = await readNetwork(settings.networkFile);
  const shards = shardsOf({ settings, network });
  const keys = await loadNodeKeys(settings);
  const database = stack.use(
    await openDatabase({ path: join(settings.dataDir, "database"), kind: "node", network }),
  );
  const chain = await openChain({ rpcUrl: settings.rpcUrl, network, signal });
  const store = await openLogStore({ database, nowMs: time.networkMs });
  // A write that the disk does not take is told to its caller.
  stack.defer(() => settleWrites(store).catch(() => undefined));
  const index = await openChainIndex({ database });
  const readiness = openReadiness({ index, maxIndexLagSeconds: settings.maxIndexLagSeconds });
  stack.use(watchDisk({ store, readiness, logger }));
  const room = stack.use(
    await watchRoom({ path: settings.dataDir, mark: settings.freeDiskBytes, onTurn: tellRoom(logger) }),
  );
  const operator = openRelayer({ privateKey: keys.operator, maxFeeGwei: settings.maxFeeGwei });
  const shelf = openEntryShelf({
    ...{ index, chain, blocksPerPage: settings.blocksPerPage, nowMs: time.networkMs, logger },
    isNoting: Number.isFinite(settings.entryDays),
  });
  const node = nodeIdOf({ operator: operator.address, signingKey: p256PublicKey(keys.signing) });
  const { networkMs } = time;
  const relaying = openRelaying({ chain, node, operator, relayKey: keys.relay, networkMs, settings });
  return {
    ...{ settings, network, keys, node, shards, chain, operator, relaying, time },
    admission: openAdmission({ network, index, store }),
    directory: openDirectory(index),
    hub: openChainHub(index.state.head),
    ...{ readiness, room, shelf, traffic: openTraffic() },
    logger: logger.child({ node }),
  };
}

/** Starts what runs as long as the node does, as following the chain and pruning. `stack` ends it. */
export function runInBackground(params: { parts: NodeParts; stack: AsyncDisposableStack }): void {
  const { parts, stack } = params;
  const { chain, operator, relaying, admission, hub, settings, directory, readiness, room, time, logger } =
    parts;
  const stop = new AbortController();
  const onNodes = directory.tell;
  const onRollback = (): void => forgetHeads(admission);
  const onProgress = (progress: { newest: BlockRef }): void => {
    time.hear(progress.newest);
    readiness.tell(progress);
  };
  const watchingClock = keepClock({ time, readiness, logger, signal: stop.signal });
  const { index, store } = admission;
  const onStuck = (stuck: string | undefined): void => readiness.tell({ stuck });
  const follow = { chain, hub, settings, logger, onNodes, onRollback, onStuck, index, store };
  const following = followIndex({ ...follow, onProgress, signal: stop.signal }).catch((error) => {
    const message = "the chain can't be followed any more";
    logger.fatal({ err: error }, message);
    readiness.tell({
      failure: isWeftError(error) ? error : new WeftError({ code: "internal", message, cause: error }),
    });
  });
  chain.providers.onTurn = (turn) => logger.warn(turn, "another chain provider is in use");
  const watching = watchProviders({ chain, signal: stop.signal });
  const { shelf } = parts;
  const isFollowed = (group: GroupId): boolean => [...hub.watches].some(({ groups }) => groups.has(group));
  const isRead = (group: GroupId): boolean => shelf.isRead(group) || isFollowed(group);
  const onPruned = (count: number): void => {
    parts.traffic.pruned += count;
  };
  const keeping = { store, index, isRead, time, room, settings, onPruned, logger };
  const pruning = keepPruning({ ...keeping, signal: stop.signal });
  const { signal } = stop;
  const tending = [operator, relaying.relayer].map((relayer) =>
    keepTransactions({ chain, relayer, hub, logger: logger.child({ account: relayer.address }), signal }),
  );
  const watchingPurse = keepPurse({ relaying, hub, logger, signal });
  stack.defer(async () => {
    stop.abort();
    await Promise.all([following, watchingClock, watching, watchingPurse, pruning, ...tending]);
  });
}

function tellRoom(logger: Logger): (shortage: WeftError | undefined) => void {
  return (shortage) => {
    if (shortage === undefined) logger.info({}, "there is room on the disk again");
    else logger.error({ err: shortage }, "there is hardly any room on the disk: nothing is published here");
  };
}

function shardsOf(params: { settings: NodeSettings; network: Network }): bigint {
  const { settings, network } = params;
  const { shards } = settings;
  if (shards === "all") return allShards(network);
  const beyond = shards.find((shard) => shard >= network.shards);
  if (beyond === undefined) return bitmapOf(shards);
  const message = `WEFT_SHARDS: the network has ${network.shards} shards, from 0 on, and none is ${beyond}`;
  throw new WeftError({ code: "bad-config", message });
}
