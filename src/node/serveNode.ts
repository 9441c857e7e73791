import packageFile from "../../package.json" with { type: "json" };
import { isResting } from "../chain/provider/providers.ts";
import { steadyMs } from "../clock/steadyMs.ts";
import { isWeftError } from "../errors.ts";
import type { Mesh } from "../mesh/startMesh.ts";
import type { RateLimits } from "../rpc/accounts.ts";
import type { OnFault } from "../rpc/codedRoutes.ts";
import type { NodeStatus } from "../rpc/nodeApi.ts";
import { type Pages, servePages } from "../rpc/servePages.ts";
import { type RpcServer, serveRpc } from "../rpc/serveRpc.ts";
import { logHeads } from "../store/node/logStore.ts";
import { toHex } from "../wire/ids.ts";
import { createNodeApi } from "./createNodeApi.ts";
import { createNodeMetrics, type NodeMetrics } from "./nodeMetrics.ts";
import { healthPages } from "./nodePages.ts";
import type { NodeParts } from "./openNodeParts.ts";
import type { OwnLogs } from "./openOwnLog.ts";
import { backupPage } from "./operating/backupPage.ts";
import type { LogLevel } from "./operating/logLevel.ts";
import { nodeReportOf } from "./operating/nodeReport.ts";
import { nodeStateOf } from "./operating/nodeState.ts";
import { operatorPages } from "./operating/operatorPages.ts";
import { addStateMetrics } from "./operating/stateMetrics.ts";
import type { Room } from "./publishEnvelopes.ts";
import { openPublishShares, publishRatesOf } from "./publishShares.ts";
import { relayingTrouble } from "./relaying/relaying.ts";
import { type NodeSettings, nodeSettings } from "./settings/nodeSettings.ts";
import type { Subscriptions } from "./subscribeTopics.ts";

export type ServedNode = AsyncDisposable & {
  /** The URL of the public API. */
  readonly url: string;
  /** The URL of its metrics; undefined: they are off. */
  readonly metricsUrl: string | undefined;
};

/** Serves the node's public API and its health, and its metrics elsewhere. Throws `bad-config` if a port can't be had. */
export async function serveNode(params: {
  parts: NodeParts;
  mesh: Mesh;
  /** Throws `not-ready` until the node may sign. */
  ownLogs: () => OwnLogs;
  /** How many checkpoints of the own logs were sent, by outcome. */
  checkpoints: ReadonlyMap<string, number>;
  logLevel: LogLevel;
}): Promise<ServedNode> {
  const { parts, mesh, ownLogs, checkpoints, logLevel } = params;
  const { settings, readiness, logger } = parts;
  const subscriptions: Subscriptions = new Map();
  let rpc: RpcServer | undefined;
  const metrics = metricsOf({ parts, mesh, subscriptions, checkpoints, open: () => rpc?.open() });
  const shares = openPublishShares({ rates: publishRatesOf(settings) });
  const room: Room = { shares, shortage: parts.room.shortage };
  const observed = { parts, mesh, state: nodeStateOf({ parts }), version: packageFile.version };
  const warnings = (): string[] => warningsOf(parts);
  addStateMetrics({ ...observed, registry: metrics.registry, warnings });
  let httpAddress = settings.publicUrl ?? "";
  const status = (): NodeStatus => statusOf({ parts, mesh, httpAddress });
  const onFault: OnFault = ({ method, error }) => {
    metrics.countFault({ method });
    logger.error({ method, err: error }, "a call failed");
  };
  const pages = healthPages({ notReady: readiness.reason, failure: readiness.failure, warnings });
  const forOperator = operatorPages({
    ...{ health: pages, registry: metrics.registry, logLevel },
    report: () => nodeReportOf({ ...observed, warnings }),
    backup: backupPage(parts),
  });
  await using stack = new AsyncDisposableStack();
  const told = await servePagesFor({ parts, pages: forOperator, onFault });
  stack.use(told);
  rpc = stack.use(
    await serveRpc({
      handlers: createNodeApi({
        ...{ ...parts, subscriptions, ownLogs, room, status, metrics },
        readEntries: parts.shelf.read,
      }),
      ...{ pages, ...settings.http, onFault },
      limits: limitsOf(settings),
      proxies: { trusted: settings.trustedProxies, header: settings.proxyHeader },
      onCall: metrics.countCall,
      onRefusal: (limit) => metrics.countRefusal({ limit }),
    }),
  );
  const { url } = rpc;
  httpAddress ||= url;
  const owned = stack.move();
  return { url, metricsUrl: told?.url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/**
 * Serves the operator's pages; undefined: they are off. If the default port is taken, as by another node, it takes a
 * free one.
 */
async function servePagesFor(params: { parts: NodeParts; pages: Pages; onFault: OnFault }) {
  const { parts, pages, onFault } = params;
  const { metrics } = parts.settings;
  if (metrics === "off") return undefined;
  try {
    return await servePages({ pages, onFault, ...metrics });
  } catch (error) {
    const { host, port } = metrics;
    if (!isWeftError(error, "bad-config") || `${host}:${port}` !== nodeSettings.metrics.fallback) throw error;
    const served = await servePages({ pages, onFault, host, port: 0 });
    parts.logger.warn({ url: served.url }, `port ${port} is taken: metrics are at a free one (WEFT_METRICS)`);
    return served;
  }
}

/** Lists what the registry says of a node that is no part of the network any more. */
function standingOf({ node, admission }: NodeParts): string[] {
  const { leavingBlock, disabledBlock } = admission.index.state.nodes.get(node) ?? {};
  if (disabledBlock !== undefined)
    return [
      `the registry has disabled this node in block ${disabledBlock}: it signed two batches for one place`,
    ];
  if (leavingBlock === undefined) return [];
  return [`this node has left the network in block ${leavingBlock}: stop it, and withdraw its bond later`];
}

/** Lists what the node's operator should know; messages go on all the same. */
function warningsOf(parts: NodeParts): string[] {
  const { operator, relaying, room } = parts;
  const { providers } = parts.chain;
  const notRelaying = relaying.policy === "closed" ? undefined : relayingTrouble(relaying);
  const shortage = room.shortage();
  const nowMs = steadyMs();
  const resting = providers.all.filter((provider) => isResting(provider, nowMs));
  return [
    ...standingOf(parts),
    ...[operator, relaying.relayer].flatMap(({ trouble }) =>
      trouble === undefined ? [] : [`transactions do not land (${trouble.code}): ${trouble.message}`],
    ),
    ...(notRelaying === undefined
      ? []
      : [`nothing is relayed (${notRelaying.code}): ${notRelaying.message}`]),
    ...(shortage === undefined ? [] : [`nothing is published here (${shortage.code}): ${shortage.message}`]),
    ...resting.map(({ name, reason }) => `the chain provider ${name} is not used: ${reason}`),
  ];
}

function statusOf(params: { parts: NodeParts; mesh: Mesh; httpAddress: string }): NodeStatus {
  const { parts, mesh, httpAddress } = params;
  const { network, node, admission, readiness } = parts;
  const { store, index } = admission;
  const reason = readiness.reason();
  return {
    node,
    peerId: mesh.peerId,
    multiaddrs: mesh.multiaddrs(),
    httpAddress,
    chainId: network.chainId,
    commitLog: network.commitLog,
    identityRegistry: network.identityRegistry,
    nodeRegistry: network.nodeRegistry,
    database: toHex(store.database.id),
    head: index.state.head,
    peers: mesh.peers().length,
    ready: reason === undefined,
    notReadyReason: reason ?? "",
    version: packageFile.version,
    logs: logHeads(store),
    shards: parts.shards,
  };
}

function metricsOf(params: {
  parts: NodeParts;
  mesh: Mesh;
  subscriptions: Subscriptions;
  checkpoints: ReadonlyMap<string, number>;
  open: () => ReturnType<RpcServer["open"]> | undefined;
}): NodeMetrics {
  const { parts, mesh, subscriptions, checkpoints, open } = params;
  const { admission, readiness, room, hub } = parts;
  const accounts = [parts.operator, parts.relaying.relayer];
  return createNodeMetrics({
    gauges: {
      indexBlock: () => admission.index.state.head?.number ?? 0,
      newestBlock: () => readiness.newest()?.number ?? 0,
      peers: () => mesh.peers().length,
      ready: () => (readiness.reason() === undefined ? 1 : 0),
      inFlight: () => accounts.reduce((sum, { inFlight }) => sum + inFlight.size, 0),
      diskLow: () => (room.shortage() === undefined ? 0 : 1),
      relayTrouble: () => (accounts.every(({ trouble }) => trouble === undefined) ? 0 : 1),
      connections: () => open()?.connections ?? 0,
      openBytes: () => open()?.bytes ?? 0,
      streams: () => subscriptions.size + [...hub.watches].filter(({ groups }) => groups.size > 0).length,
    },
    batches: () => mesh.counts,
    checkpoints: () => checkpoints,
  });
}

function limitsOf(settings: NodeSettings): RateLimits {
  const { publishedBytesPerSecond, publishedBytesBurst } = settings;
  return {
    calls: { perSecond: settings.callsPerSecond, burst: settings.callBurst },
    relays: { perSecond: settings.relaysPerSecond, burst: settings.relayBurst },
    publishedBytes: { perSecond: publishedBytesPerSecond, burst: publishedBytesBurst },
    streams: { perAddress: settings.streamsPerAddress, total: settings.streams },
    connections: { perAddress: settings.connectionsPerAddress, total: settings.connections },
    openBytes: { perAddress: settings.openBytesPerAddress, total: settings.openBytes },
  };
}
