import { formatAbout, formatCoin } from "../../chain/submit/coin.ts";
import { provenPeerId } from "../../mesh/peerId.ts";
import type { Mesh } from "../../mesh/startMesh.ts";
import { logHeads, logStateOf } from "../../store/node/logStore.ts";
import { lastCheckpointOf } from "../../store/node/readCheckpoints.ts";
import type { Address, NodeId } from "../../wire/ids.ts";
import { shardsIn } from "../../wire/shards.ts";
import type { NodeParts } from "../openNodeParts.ts";
import { floorOf, relayingTrouble, weiOf } from "../relaying/relaying.ts";
import type { NodeState } from "./nodeState.ts";

/** What a node's operator wants to see at a glance: the JSON of /status. Sequences and counts are numbers. */
export type NodeReport = {
  readonly node: NodeId;
  readonly version: string;
  readonly chainId: number;
  readonly ready: boolean;
  readonly notReadyReason: string | undefined;
  /** Why a part of the node has ended for good. */
  readonly failure: { readonly code: string; readonly reason: string; readonly hint: string } | undefined;
  readonly warnings: readonly string[];
  readonly chain: ReturnType<NodeState["chainLag"]>;
  readonly clockOffsetSeconds: number | undefined;
  readonly ownLogs: readonly OwnLog[];
  readonly peers: readonly Peer[];
  readonly originators: readonly Originator[];
  readonly holes: { readonly count: number; readonly envelopes: number };
  readonly relaying: Relaying;
  readonly disk: Awaited<ReturnType<NodeState["disk"]>>;
};

type OwnLog = {
  readonly generation: number;
  readonly shard: number;
  /** The sequence that is signed next. */
  readonly next: number;
  /** The sequence after the last one that a checkpoint covers; undefined: there is no checkpoint. */
  readonly checkpointed: number | undefined;
};
type Peer = {
  readonly peerId: string;
  readonly node: NodeId | undefined;
  readonly operator: Address | undefined;
  /** The block up to which it has read the chain; undefined: it did not say in time. */
  readonly block: number | undefined;
  readonly lacksEnvelopes: number | undefined;
};
type Originator = {
  readonly node: NodeId;
  readonly operator: Address | undefined;
  /**
   * How many envelopes of its logs are here, up to the first that is lacking; holes and what was pruned count as here.
   */
  readonly reached: number;
  /** How many more envelopes peers tell of. */
  readonly lacks: number;
};
type Relaying = {
  readonly policy: string;
  /** The account that pays for clients. */
  readonly account: Address;
  /** What it holds, in coin; undefined: nobody has looked yet. */
  readonly balance: string | undefined;
  /** What stays in it at the present price of gas, in coin. */
  readonly floor: string;
  /** Coin that may be spent now; undefined: only the gas is bounded. */
  readonly coinLeft: string | undefined;
  /** Gas that may be spent now: of all, and of the newcomers' part. */
  readonly gasLeft: number;
  readonly newcomerGasLeft: number;
  /** The account that pays for the node itself. */
  readonly operator: Address;
  readonly operatorBalance: string | undefined;
  /** Transactions of both accounts that are in no block yet. */
  readonly transactionsInFlight: number;
  readonly trouble: string | undefined;
};

/** Peers that do not say within this time how far they are are shown without it. */
const ASK_MS = 2_000;

export async function nodeReportOf(params: {
  parts: NodeParts;
  mesh: Mesh;
  state: NodeState;
  warnings: () => readonly string[];
  version: string;
}): Promise<NodeReport> {
  const { parts, mesh, state, warnings, version } = params;
  const { node, network, readiness } = parts;
  const failure = readiness.failure();
  const reason = readiness.reason();
  const [holes, disk, peers, ownLogs] = await Promise.all([
    state.holes(),
    state.disk(),
    peersOf({ parts, mesh }),
    ownLogsOf(parts),
  ]);
  return {
    ...{ node, version, chainId: network.chainId, ready: reason === undefined, notReadyReason: reason },
    failure: failure && { code: failure.code, reason: failure.message, hint: failure.hint },
    warnings: warnings(),
    chain: state.chainLag(),
    clockOffsetSeconds: state.clockOffsetSeconds(),
    ...{ ownLogs, peers, originators: originatorsOf({ parts, mesh }) },
    holes: {
      count: holes.length,
      envelopes: holes.reduce((sum, { first, end }) => sum + Number(end - first), 0),
    },
    relaying: relayingOf(parts),
    disk,
  };
}

function relayingOf({ operator, relaying }: NodeParts): Relaying {
  const { policy, relayer, purse, budget } = relaying;
  const left = budget.left();
  const inCoin = (wei: bigint | undefined) => (wei === undefined ? undefined : formatCoin(wei));
  const trouble = relayer.trouble ?? operator.trouble ?? relayingTrouble(relaying);
  return {
    ...{
      policy,
      account: relayer.address,
      balance: inCoin(purse.balanceWei),
      floor: formatAbout(floorOf(relaying)),
    },
    coinLeft: inCoin(left.gwei === undefined ? undefined : weiOf(Math.floor(left.gwei))),
    ...{ gasLeft: Math.floor(left.all), newcomerGasLeft: Math.floor(left.newcomers) },
    ...{ operator: operator.address, operatorBalance: inCoin(purse.operatorWei) },
    transactionsInFlight: operator.inFlight.size + relayer.inFlight.size,
    trouble: trouble?.message,
  };
}

async function ownLogsOf({ node, shards, admission }: NodeParts): Promise<OwnLog[]> {
  const { store, index } = admission;
  const generation = BigInt(index.state.nodes.get(node)?.generation ?? 0);
  const logs = shardsIn(shards).map((shard) => logStateOf(store.state, { node, generation, shard }));
  return await Promise.all(
    logs.map(async ({ log, next }) => {
      const last = await lastCheckpointOf({ index, log });
      const checkpointed = last && Number(last.sequence) + 1;
      return { generation: Number(log.generation), shard: log.shard, next: Number(next), checkpointed };
    }),
  );
}

async function peersOf(params: { parts: NodeParts; mesh: Mesh }): Promise<Peer[]> {
  const { parts, mesh } = params;
  const { network, directory } = parts;
  const nodes = new Map(directory.nodes().map((node) => [provenPeerId({ network, node }), node]));
  const answers = await inTime(mesh.askBlocks());
  const blocks = new Map(answers.map(({ peerId, number }) => [peerId, number]));
  const lag = mesh.lag();
  return mesh.peers().map((peerId) => ({
    peerId,
    node: nodes.get(peerId)?.node,
    operator: nodes.get(peerId)?.operator,
    block: blocks.get(peerId),
    lacksEnvelopes: lag.peers.get(peerId),
  }));
}

async function inTime<T>(answers: Promise<readonly T[]>): Promise<readonly T[]> {
  const late = Promise.withResolvers<readonly T[]>();
  const timer = setTimeout(() => late.resolve([]), ASK_MS);
  try {
    return await Promise.race([answers.catch(() => []), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function originatorsOf({ parts, mesh }: { parts: NodeParts; mesh: Mesh }): Originator[] {
  const { directory, admission } = parts;
  const operators = new Map(directory.nodes().map(({ node, operator }) => [node, operator]));
  const sums = new Map<NodeId, { reached: number; lacks: number }>();
  const add = (node: NodeId, more: { reached: number; lacks: number }): void => {
    const { reached, lacks } = sums.get(node) ?? { reached: 0, lacks: 0 };
    sums.set(node, { reached: reached + more.reached, lacks: lacks + more.lacks });
  };
  for (const { log, next } of logHeads(admission.store)) add(log.node, { reached: Number(next), lacks: 0 });
  for (const { log, lacks } of mesh.lag().logs) add(log.node, { reached: 0, lacks });
  return [...sums].map(([node, sum]) => ({ node, operator: operators.get(node), ...sum }));
}
