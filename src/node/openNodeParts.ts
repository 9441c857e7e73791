import { join } from "node:path";
import type { Logger } from "pino";
import { p256PublicKey } from "#crypto";
import type { BlockRef } from "../chain/blockRef.ts";
import type { Chain } from "../chain/chain.ts";
import { nodeIdOf } from "../chain/nodeIdOf.ts";
import { openChain } from "../chain/openChain.ts";
import { openRelayer, type Relayer } from "../chain/openRelayer.ts";
import { watchProviders } from "../chain/watchProviders.ts";
import type { NodeSettings } from "../config.ts";
import { isWeftError, WeftError } from "../errors.ts";
import { openChainIndex } from "../store/node/chainIndex.ts";
import { openLogStore } from "../store/node/openLogStore.ts";
import { pruneLogs, type Retention } from "../store/node/pruneLogs.ts";
import { settleWrites } from "../store/node/writer.ts";
import { openDatabase } from "../store/openDatabase.ts";
import type { NodeId } from "../wire/ids.ts";
import type { Network } from "../wire/network.ts";
import { type Admission, forgetHeads, openAdmission } from "./admitEnvelope.ts";
import { type ChainHub, openChainHub } from "./chainHub.ts";
import { type Directory, openDirectory } from "./directory.ts";
import { followIndex } from "./followIndex.ts";
import { keepClock } from "./keepClock.ts";
import { keepTransactions } from "./keepTransactions.ts";
import { loadNodeKeys, type NodeKeys } from "./nodeKeys.ts";
import { type NodeTime, openNodeTime } from "./nodeTime.ts";
import { openTraffic, type Traffic } from "./operating/traffic.ts";
import { openReadiness, type Readiness } from "./readiness.ts";
import { readNetwork } from "./readNetwork.ts";
import { watchDisk } from "./watchDisk.ts";

/** What a node is made of before it speaks to anybody but the chain. */
export type NodeParts = {
  readonly settings: NodeSettings;
  readonly network: Network;
  readonly keys: NodeKeys;
  readonly node: NodeId;
  readonly chain: Chain;
  readonly operator: Relayer;
  /** Judges envelopes; holds the log store and the chain index. */
  readonly admission: Admission;
  readonly directory: Directory;
  readonly hub: ChainHub;
  readonly readiness: Readiness;
  readonly time: NodeTime;
  readonly traffic: Traffic;
  readonly logger: Logger;
};

const PRUNE_PERIOD_MS = 60 * 60_000;
const DAY_MS = 24 * 60 * 60_000;

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
  const keys = await loadNodeKeys(settings);
  const database = stack.use(
    await openDatabase({ path: join(settings.dataDir, "database"), kind: "node", network }),
  );
  const chain = await openChain({ rpcUrl: settings.rpcUrl, network, signal });
  const store = await openLogStore({ database, nowMs: time.networkMs });
  // What the disk does not take is told to who wrote it.
  stack.defer(() => settleWrites(store).catch(() => undefined));
  const index = await openChainIndex({ database });
  const readiness = openReadiness({ index, maxIndexLagSeconds: settings.maxIndexLagSeconds });
  stack.use(watchDisk({ store, readiness, logger }));
  const operator = openRelayer({ privateKey: keys.operator, maxFeeGwei: settings.maxFeeGwei });
  const node = nodeIdOf({ operator: operator.address, signingKey: p256PublicKey(keys.signing) });
  return {
    ...{ settings, network, keys, node, chain, operator, time },
    admission: openAdmission({ network, index, store }),
    directory: openDirectory(index),
    hub: openChainHub(index.state.head),
    readiness,
    traffic: openTraffic(),
    logger: logger.child({ node }),
  };
}

/** Starts what runs as long as the node: following the chain, pruning. `stack` ends it. */
export function runInBackground(params: { parts: NodeParts; stack: AsyncDisposableStack }): void {
  const { parts, stack } = params;
  const { chain, operator: relayer, admission, hub, settings, directory, readiness, time, logger } = parts;
  const stop = new AbortController();
  const onNodes = directory.tell;
  const onRollback = (): void => forgetHeads(admission);
  const onProgress = (progress: { newest: BlockRef }): void => {
    time.hear(progress.newest);
    readiness.tell(progress);
  };
  const keeping = keepClock({ time, readiness, logger, signal: stop.signal });
  const { index, store } = admission;
  const follow = { chain, hub, settings, logger, onNodes, onRollback, index, store };
  const following = followIndex({ ...follow, onProgress, signal: stop.signal }).catch((error) => {
    const message = "the chain can't be followed any more";
    logger.fatal({ err: error }, message);
    readiness.tell({
      failure: isWeftError(error) ? error : new WeftError({ code: "internal", message, cause: error }),
    });
  });
  const retention = retentionOf(settings);
  const prune = (): void => {
    // Before the chain has told the time nothing is thrown away.
    if (time.chain() === undefined) return;
    pruneLogs({ store: admission.store, retention, signal: stop.signal }).then(
      (removed) => {
        parts.traffic.pruned += removed;
        if (removed > 0) logger.info({ removed }, "pruned envelopes");
      },
      (error) => logger.error({ err: error }, "pruning failed; it is tried again in an hour"),
    );
  };
  const pruning = setInterval(prune, PRUNE_PERIOD_MS);
  chain.providers.onTurn = (turn) => logger.warn(turn, "another chain provider is in use");
  const watching = watchProviders({ chain, signal: stop.signal });
  const tending = keepTransactions({ chain, relayer, hub, logger, signal: stop.signal });
  stack.defer(async () => {
    stop.abort();
    clearInterval(pruning);
    await Promise.all([following, keeping, watching, tending]);
  });
}

function retentionOf({ groupDays, keyPackageDays, welcomeDays }: NodeSettings): Retention {
  const kinds = {
    group: groupDays,
    "key-package": keyPackageDays,
    welcome: welcomeDays,
    "group-info": welcomeDays,
  };
  const named = Object.entries(kinds).flatMap(([kind, days]) =>
    days === undefined ? [] : [[kind, days * DAY_MS]],
  );
  return Object.fromEntries(named);
}
