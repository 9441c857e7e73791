import type { Logger } from "pino";
import type { Chain } from "../chain/provider/chain.ts";
import { readWallet } from "../chain/read/readWallet.ts";
import { readWords } from "../chain/read/readWords.ts";
import { MAX_DIGEST_ROWS, MAX_LINKING_HEADERS, MAX_PAGE_BYTES } from "../rpc/limits.ts";
import type { Call, NodeApi, NodeStatus } from "../rpc/nodeApi.ts";
import { findCoverage } from "../store/node/findCoverage.ts";
import type { LogStore } from "../store/node/logStore.ts";
import { childCount, entryOf } from "../store/node/readEntries.ts";
import { readHistories } from "../store/node/readHistories.ts";
import { hasEnvelopes, shardsOfStored } from "../store/node/receiptsOf.ts";
import { topicDigests } from "../store/node/topicDigests.ts";
import type { Envelope } from "../wire/envelope.ts";
import { asAddress, type EnvelopeHash } from "../wire/ids.ts";
import { hasShard } from "../wire/shards.ts";
import { keyPackageTopic } from "../wire/topic.ts";
import type { Admission } from "./admitEnvelope.ts";
import type { ChainHub } from "./chainHub.ts";
import type { ReadEntries } from "./entryShelf.ts";
import type { LateSiblings } from "./lateSiblings.ts";
import { listNodes } from "./listNodes.ts";
import { meterOf } from "./meterOf.ts";
import { newestKeyPackage } from "./newestKeyPackage.ts";
import type { NodeMetrics } from "./nodeMetrics.ts";
import type { OwnLogs } from "./openOwnLog.ts";
import { publishEnvelopes, type Room } from "./publishEnvelopes.ts";
import { queryPage } from "./queryPage.ts";
import { type Readiness, requireNothing } from "./readiness.ts";
import type { Relaying } from "./relaying/relaying.ts";
import { takeAppend } from "./relaying/takeAppend.ts";
import { takeIdentity } from "./relaying/takeIdentity.ts";
import { requireShard, requireTopic } from "./requireServed.ts";
import { streamChain } from "./streamChain.ts";
import { type Subscriptions, subscribeTopics, updateSubscription } from "./subscribeTopics.ts";

export type ApiParts = {
  readonly chain: Chain;
  readonly relaying: Relaying;
  readonly admission: Admission;
  /** What the node serves: bit n for shard n. */
  readonly shards: bigint;
  readonly hub: ChainHub;
  readonly subscriptions: Subscriptions;
  readonly readiness: Readiness;
  /** Throws `not-ready` until the node may sign. */
  readonly ownLogs: () => OwnLogs;
  readonly room: Room;
  readonly readEntries: ReadEntries;
  readonly status: () => NodeStatus;
  readonly metrics: NodeMetrics;
  readonly logger: Logger;
};

const NO_AUTHORITY = asAddress(new Uint8Array(20));

/** Builds the node's public API over its parts: the server half of src/rpc serves it. */
export function createNodeApi(parts: ApiParts): NodeApi {
  return { ...nodeCalls(parts), ...meshCalls(parts), ...chainCalls(parts), ...identityCalls(parts) };
}

function nodeCalls({ status, admission }: ApiParts): Pick<NodeApi, "getNode" | "listNodes"> {
  const { index, store } = admission;
  return {
    getNode: async () => status(),
    listNodes: async ({ after }) => listNodes({ index, store, after }),
  };
}

function meshCalls(
  parts: ApiParts,
): Pick<
  NodeApi,
  | "publish"
  | "query"
  | "subscribe"
  | "updateSubscription"
  | "hasEnvelopes"
  | "vouch"
  | "getTopicDigests"
  | "getKeyPackages"
  | "getCoverage"
> {
  const { admission, shards, subscriptions, readiness, metrics, room, logger } = parts;
  const { store, index, network } = admission;
  const requireTopics = (topics: readonly { readonly topic: Uint8Array }[]): void => {
    for (const { topic } of topics) requireTopic({ network, shards, topic });
  };
  return {
    publish: async ({ envelopes }, call) => {
      requireNothing(readiness.reason());
      const ownLogs = parts.ownLogs();
      const start = performance.now();
      const { caller = "" } = call ?? {};
      const outcomes = await publishEnvelopes({
        ...{ admission, shards, ownLogs, room, caller, envelopes, logger },
      });
      metrics.countPublished({ outcomes, seconds: (performance.now() - start) / 1000 });
      return outcomes;
    },
    query: async ({ topics, maxBytes = MAX_PAGE_BYTES }) => {
      requireNothing(readiness.indexReason());
      requireTopics(topics);
      return await queryPage({ store, topics, maxBytes });
    },
    subscribe: ({ topics }, call) => {
      requireNothing(readiness.indexReason());
      requireTopics(topics);
      return subscribeTopics({ store, subscriptions, topics, meter: meterOf(call), signal: signalOf(call) });
    },
    updateSubscription: async (update) => {
      requireTopics(update.add);
      updateSubscription({ subscriptions, update });
    },
    hasEnvelopes: ({ hashes }) => hasEnvelopes({ store, hashes }),
    vouch: async ({ hashes }) => {
      const [ownLog] = parts.ownLogs().values();
      const stored = await hasEnvelopes({ store, hashes });
      await requireKept({ store, shards, hashes });
      const held = hashes.filter((_, i) => stored[i] === true);
      const signature = held.length === 0 ? undefined : ownLog?.vouch(held);
      return { stored, signature: signature ?? new Uint8Array() };
    },
    getTopicDigests: async ({ topics }, call) => {
      requireNothing(readiness.indexReason());
      requireTopics(topics);
      const { answers, rows } = await topicDigests({ store, topics, maxRows: MAX_DIGEST_ROWS });
      meterOf(call).rows(rows);
      return answers;
    },
    getKeyPackages: async ({ installations }) => {
      requireNothing(readiness.indexReason());
      const topics = installations.map(keyPackageTopic);
      for (const topic of topics) requireTopic({ network, shards, topic });
      const found: (Envelope | undefined)[] = [];
      // One after the other: each reads whole batches.
      for (const topic of topics) found.push((await newestKeyPackage({ store, topic }))?.envelope);
      return found;
    },
    getCoverage: async ({ batches }, call) => {
      requireNothing(readiness.indexReason());
      for (const { log } of batches) requireShard({ shards, shard: log.shard });
      // Taken before the read: the answer may hold some of later blocks, too, which does no harm.
      const { head } = index.state;
      const { rows, ...page } = await findCoverage({
        store,
        index,
        batches,
        maxHeaders: MAX_LINKING_HEADERS,
      });
      meterOf(call).rows(rows);
      return { ...page, head };
    },
  };
}

/**
 * Throws `wrong-shard` if an envelope is left of a shard that the node no longer serves: it does not promise to keep
 * that.
 */
async function requireKept(params: {
  store: LogStore;
  shards: bigint;
  hashes: readonly EnvelopeHash[];
}): Promise<void> {
  const { store, shards } = params;
  const logs = [...store.state.logs.values()];
  if (logs.every(({ log }) => hasShard({ bitmap: shards, shard: log.shard }))) return;
  for (const shard of await shardsOfStored(params)) if (shard !== undefined) requireShard({ shards, shard });
}

function chainCalls(
  parts: ApiParts,
): Pick<NodeApi, "fetchEntries" | "followChain" | "getEntry" | "relayAppend"> {
  const { admission, relaying, hub, readEntries, readiness, metrics } = parts;
  const { index } = admission;
  const relayed: LateSiblings = new Map();
  return {
    fetchEntries: async ({ group, recent, maxBytes = MAX_PAGE_BYTES }) => {
      requireNothing(readiness.indexReason());
      return await readEntries({ group, recent, maxBytes });
    },
    followChain: ({ groups }, call) => {
      requireNothing(readiness.indexReason());
      const { chainLag } = readiness;
      const meter = meterOf(call);
      return streamChain({ read: readEntries, hub, groups, chainLag, meter, signal: signalOf(call) });
    },
    getEntry: async ({ group, id }) => {
      const { head } = index.state;
      const [entry, children] = await Promise.all([
        entryOf({ index, group, id }),
        childCount({ index, group, id }),
      ]);
      const place = { authority: entry?.authority ?? NO_AUTHORITY, block: entry?.block.number ?? 0 };
      return {
        known: entry !== undefined || children > 0,
        ...place,
        index: entry?.index ?? 0,
        children,
        head,
      };
    },
    relayAppend: async (append, call) => {
      const { caller = "" } = call ?? {};
      const outcome = await takeAppend({ relaying, index, relayed, append, caller });
      metrics.countRelayed({ what: "append", outcome });
      return outcome;
    },
  };
}

function identityCalls(
  parts: ApiParts,
): Pick<NodeApi, "relayIdentity" | "getHistories" | "getWallet" | "readWords"> {
  const { admission, chain, relaying, readiness, metrics } = parts;
  const { index } = admission;
  return {
    relayIdentity: async (action, call) => {
      const outcome = await takeIdentity({ relaying, action, caller: call?.caller ?? "" });
      metrics.countRelayed({ what: "identity", outcome });
      return outcome;
    },
    getHistories: async ({ inboxes: positions }) => {
      requireNothing(readiness.indexReason());
      const { parts, head } = await readHistories({ index, positions, maxBytes: MAX_PAGE_BYTES });
      return { histories: parts, head };
    },
    getWallet: async ({ wallet }) => {
      requireNothing(readiness.chainLag());
      return await readWallet({ chain, wallet });
    },
    readWords: (question, call) => readWords({ chain, question, signal: call?.signal }),
  };
}

/** The signal of a call; one that never aborts if its caller ends the stream by not reading on. */
function signalOf(call: Call | undefined): AbortSignal {
  return call?.signal ?? new AbortController().signal;
}
