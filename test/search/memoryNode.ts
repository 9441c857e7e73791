import { pino } from "pino";
import { p256PublicKey, sha256 } from "#crypto";
import { nodeIdOf } from "../../src/chain/layout/nodeIdOf.ts";
import type { Chain } from "../../src/chain/provider/chain.ts";
import { concatBytes } from "../../src/crypto/concatBytes.ts";
import { privateKeyFromSeed } from "../../src/crypto/privateKeyFromSeed.ts";
import { type Admission, forgetHeads, openAdmission } from "../../src/node/admitEnvelope.ts";
import { type Batcher, openBatcher } from "../../src/node/batcher.ts";
import { type ChainHub, openChainHub } from "../../src/node/chainHub.ts";
import { checkPeerBatch } from "../../src/node/checkPeerBatch.ts";
import { createNodeApi } from "../../src/node/createNodeApi.ts";
import type { ReadEntries } from "../../src/node/entryShelf.ts";
import { applyEvent } from "../../src/node/followIndex.ts";
import { createNodeMetrics } from "../../src/node/nodeMetrics.ts";
import { type NodeTime, openNodeTime } from "../../src/node/nodeTime.ts";
import { openPublishShares } from "../../src/node/publishShares.ts";
import { openReadiness, type Readiness } from "../../src/node/readiness.ts";
import type { Relaying } from "../../src/node/relaying/relaying.ts";
import type { NodeApi, NodeStatus } from "../../src/rpc/nodeApi.ts";
import { appendPeerBatch } from "../../src/store/node/appendBatch.ts";
import { chainCursor, openChainIndex } from "../../src/store/node/chainIndex.ts";
import { openLogStore } from "../../src/store/node/openLogStore.ts";
import { entriesAtHead } from "../../src/store/node/readEntries.ts";
import type { Batch } from "../../src/wire/batch.ts";
import type { BlockRef } from "../../src/wire/blockRef.ts";
import { utf8 } from "../../src/wire/bytes.ts";
import { type Address, asAddress, type NodeId, toHex } from "../../src/wire/ids.ts";
import type { Network } from "../../src/wire/network.ts";
import { EMPTY_CHAIN } from "./chainRules.ts";
import { blockNumbered, headOf, type MemoryChain, submit } from "./memoryChain.ts";
import { openMemoryDatabase, type Rows } from "./memoryDatabase.ts";
import { readMemoryWords } from "./memoryWords.ts";

/** Who a node is: its account, its P-256 key (private 32 bytes, public 33) and the id of its database (16 bytes). */
export type NodeIdentity = {
  readonly name: string;
  readonly operator: Address;
  readonly signingKey: Uint8Array;
  readonly signingPublicKey: Uint8Array;
  readonly database: Uint8Array;
};

/**
 * A node without processes and sockets: chain index, log store, admission, batcher and public API are the real ones,
 * on a database in memory. Whoever owns it carries its batches to others and tells it of new blocks.
 */
export type MemoryNode = AsyncDisposable & {
  readonly name: string;
  readonly identity: NodeIdentity;
  readonly node: NodeId;
  readonly url: string;
  readonly api: NodeApi;
  readonly admission: Admission;
  readonly readiness: Readiness;
  readonly time: NodeTime;
  readonly hub: ChainHub;
  readonly chain: MemoryChain;
  readonly batcher: Batcher;
  readonly rows: () => Promise<Rows>;
  readonly collusion: Collusion;
};

/** Set: the node's batches name an anchor that stands still, and it posts no checkpoints. */
type Collusion = { anchor: BlockRef | undefined };

type ChainPage = Extract<Parameters<typeof applyEvent>[0]["event"], { kind: "page" }>;

const wide = { perSecond: 1e12, burst: 1e12 };
const NO_BOUNDS = { messages: { each: wide, all: wide }, strangers: { each: wide, all: wide } };
const logger = pino({ level: "silent" });
const metrics = createNodeMetrics({
  gauges: {
    ...{ indexBlock: zero, newestBlock: zero, peers: zero, ready: zero, streams: zero },
    ...{ inFlight: zero, relayTrouble: zero, diskLow: zero },
    ...{ connections: zero, openBytes: zero },
  },
  batches: () => new Map(),
  checkpoints: () => new Map(),
});

/** The same for the same name; nodes of one operator have one account. */
export function nodeIdentity(name: string, operator = name): NodeIdentity {
  const drawn = (what: string, length: number) => sha256(utf8(`${what} of ${name}`)).slice(0, length);
  const seed = concatBytes(drawn("key", 32), drawn("rest of the key", 16));
  const signingKey = privateKeyFromSeed({ curve: "p256", seed });
  return {
    ...{ name, signingKey, signingPublicKey: p256PublicKey(signingKey) },
    operator: asAddress(sha256(utf8(`operator of ${operator}`)).slice(0, 20)),
    database: drawn("database", 16),
  };
}

export function urlOf(name: string): string {
  return `memory://${name}`;
}

export function nodeIdOfIdentity({ operator, signingPublicKey }: NodeIdentity): NodeId {
  return nodeIdOf({ operator, signingKey: signingPublicKey });
}

export async function openMemoryNode(params: {
  identity: NodeIdentity;
  network: Network;
  chain: MemoryChain;
  rows: Rows;
  onBatch: (batch: Batch) => void;
}): Promise<MemoryNode> {
  const { identity, network, chain, rows, onBatch } = params;
  const { name, database: id, signingKey } = identity;
  const database = await openMemoryDatabase({ name, kind: "node", id, network, rows });
  const index = await openChainIndex({ database });
  const time = openNodeTime();
  const store = await openLogStore({ database, nowMs: time.networkMs });
  const admission = openAdmission({ network, index, store });
  const readiness = openReadiness({ index, maxIndexLagSeconds: Number.POSITIVE_INFINITY });
  readiness.tell({ ownLog: undefined, ...(index.state.head ? { newest: index.state.head } : {}) });
  const hub = openChainHub(index.state.head);
  const node = nodeIdOfIdentity(identity);
  const log = { node, generation: 1n, shard: 0 };
  const collusion: Collusion = { anchor: undefined };
  const anchor = () => collusion.anchor ?? index.state.anchor ?? { number: 0, hash: network.genesisHash };
  const batcher = await openBatcher({
    store,
    network,
    log,
    signingKey,
    anchor,
    nowMs: time.networkMs,
    onBatch,
  });
  const url = urlOf(name);
  const room = { shares: openPublishShares({ rates: NO_BOUNDS }), shortage: () => undefined };
  const readEntries: ReadEntries = (of) => entriesAtHead({ index, ...of });
  const api = createNodeApi({
    ...{ room, readEntries, admission, hub, readiness, metrics, logger, subscriptions: new Map() },
    ...{ shards: 1n, ownLogs: () => new Map([[log.shard, batcher]]) },
    status: () => statusOf({ network, admission, node, url }),
    // Whatever goes to the chain is taken over below.
    ...{ chain: {} as Chain, relaying: {} as Relaying },
  });
  return {
    ...{ name, identity, node, url, admission, readiness, time, hub, chain, batcher, collusion },
    api: { ...api, ...chainCalls(chain) },
    rows: () => database.level.iterator().all(),
    [Symbol.asyncDispose]: async () => {
      await batcher[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

/** Reads the chain up to its head, as the node's own follower does. One call at a time. */
export async function followToHead(memory: MemoryNode): Promise<void> {
  const { admission, hub, chain, readiness, time } = memory;
  const { index } = admission;
  const apply = (event: Parameters<typeof applyEvent>[0]["event"]): Promise<void> =>
    applyEvent({
      ...{ index, hub, event, logger, onNodes: () => undefined },
      onProgress: ({ newest }) => {
        time.hear(newest);
        readiness.tell({ newest });
      },
      onRollback: () => forgetHeads(admission),
    });
  const known = await chainCursor(index);
  const fork = known.find(({ number, hash }) => blockNumbered(chain, number)?.ref.hash === hash);
  if (fork && fork !== known[0]) await apply({ kind: "rollback", to: fork });
  const blocks = chain.blocks.filter(({ ref }) => ref.number > (fork?.number ?? 0));
  const to = blocks.at(-1)?.ref;
  const [first] = blocks;
  if (!to || !first) return;
  await apply({
    ...{ kind: "page", fromBlock: first.ref.number, to, head: to, finalBlock: 0 },
    blocks: blocks.map(({ ref }) => ref),
    // Without what only others who read the chain ask for.
    records: blocks.flatMap(({ records }) => records) as unknown as ChainPage["records"],
  });
}

/** What a peer brings: looked into and stored as the mesh would. */
export async function takeBatch(params: {
  memory: MemoryNode;
  batch: Batch;
  caught: Set<NodeId>;
}): Promise<void> {
  const { memory, batch, caught } = params;
  const { admission } = memory;
  const verdict = await checkPeerBatch({ admission, batch, caught, sample: 1 });
  if (verdict === "good") await appendPeerBatch({ store: admission.store, batch });
}

function chainCalls(
  chain: MemoryChain,
): Pick<NodeApi, "relayAppend" | "relayIdentity" | "getWallet" | "readWords"> {
  return {
    relayAppend: async (append) => submit({ chain, transaction: { kind: "append", append } }),
    relayIdentity: async (action) => submit({ chain, transaction: { kind: "identity", action } }),
    getWallet: async ({ wallet }) => {
      const state = headOf(chain)?.state ?? EMPTY_CHAIN;
      return state.wallets.get(wallet) ?? { inbox: undefined, nonce: 0n };
    },
    readWords: async (question) => readMemoryWords({ chain, question }),
  };
}

function statusOf(params: { network: Network; admission: Admission; node: NodeId; url: string }): NodeStatus {
  const { network, admission, node, url } = params;
  const { chainId, commitLog, identityRegistry, nodeRegistry } = network;
  const { head } = admission.index.state;
  return {
    ...{ node, chainId, commitLog, identityRegistry, nodeRegistry, head },
    ...{ peerId: "", multiaddrs: [], httpAddress: url, peers: 0, version: "memory", logs: [], shards: 1n },
    ...{ database: toHex(admission.store.database.id), ready: true, notReadyReason: "" },
  };
}

function zero(): number {
  return 0;
}
