import { type LogId, logName } from "../wire/logRange.ts";
import { bitmapOf } from "../wire/shards.ts";
import type { Ask } from "./catchUpLog.ts";
import { fetchLog } from "./fetchLog.ts";
import type { Intake } from "./intake.ts";
import type { CheckpointFrom } from "./isCovered.ts";
import type { MeshLog, TopHead } from "./meshLog.ts";
import type { MeshLogger } from "./meshLogger.ts";
import { findNode, type NodeDirectory } from "./nodeDirectory.ts";
import type { PeerClocks } from "./peerClocks.ts";
import { openPeerTurns } from "./peerTurns.ts";
import { openRefusals } from "./refusals.ts";
import type { Syncing } from "./syncing.ts";
import { type SyncLag, syncLagOf } from "./syncLag.ts";
import { MAX_HEADS } from "./syncMessages.ts";
import { openHeadTeller, type TellHeads } from "./tellHeads.ts";

/** Repairs what gossip lost: compares heads with every peer and fetches what is missing from any of them. */
export type Sync = {
  /**
   * Notes what a peer says of its logs and its clock, in a request or an answer, and starts to fetch what it has more.
   */
  readonly noteHeads: (peerId: string, heads: readonly TopHead[], clockMs?: number) => void;
  /** Forgets the heads of a peer that has gone. */
  readonly forget: (peerId: string) => void;
  /** Tells how far this node and its peers are behind each other. */
  readonly lag: () => SyncLag;
  /**
   * Exchanges heads with these peers but those that still owe an answer; resolves before what they have more is
   * fetched.
   */
  readonly exchange: (peerIds: readonly string[]) => Promise<void>;
  /** Exchanges heads with these peers; resolves when what they have more is fetched, as far as possible. */
  readonly syncWith: (peerIds: readonly string[]) => Promise<void>;
};

/** How many heads of one peer are kept. */
const MAX_KNOWN_HEADS = 16_384;

/** Opens the sync of this node's logs; nothing runs before the first heads are noted or exchanged. */
export function openSync(params: {
  meshLog: MeshLog;
  directory: NodeDirectory;
  intake: Intake;
  ask: Ask;
  shards: readonly number[];
  /** The shards that a peer serves by the registry, bit n for shard n; by default those that this node serves. */
  shardsOf?: (peerId: string) => bigint;
  tellHeads?: TellHeads;
  /** Finds the checkpoint that covers a log from a sequence on; by default there is none. */
  checkpointFrom?: CheckpointFrom;
  /** Told what peers' clocks show. */
  clocks?: PeerClocks;
  /** After how long a range that all peers lack becomes a hole. */
  holeAfterMs: number;
  logger: MeshLogger;
  signal: AbortSignal;
}): Sync {
  const { meshLog, clocks, checkpointFrom } = params;
  const { shardsOf = () => bitmapOf(params.shards), tellHeads = openHeadTeller({ log: meshLog }) } = params;
  const headsByPeer: Syncing["headsByPeer"] = new Map();
  const turns = openPeerTurns();
  const memory = { turns, headsByPeer, waits: new Map(), absences: new Map(), refusals: openRefusals() };
  const fetching = openFetching({ ...params, checkpointFrom, ...memory });
  const noteHeads: Sync["noteHeads"] = (peerId, heads, clockMs) => {
    clocks?.note(peerId, clockMs);
    const known = heads.filter((head) => isKnown({ ...params, head }));
    keepHeads({ headsByPeer, peerId, known, isPart: heads.length >= MAX_HEADS });
    turns.stir();
    for (const { range } of known) void fetching.fetch(range.log);
  };
  const exchange = openExchange({ ...params, shardsOf, tellHeads, noteHeads });
  return {
    noteHeads,
    forget: (peerId) => {
      headsByPeer.delete(peerId);
      turns.stir();
    },
    lag: () => syncLagOf({ headsByPeer, meshLog }),
    exchange: exchange.withAll,
    syncWith: async (peerIds) => {
      await exchange.settled(peerIds);
      await exchange.withAll(peerIds);
      await fetching.settled();
    },
  };
}

/** True if a log is a registered node's, of no generation after its newest, and of a shard that this node serves. */
function isKnown(params: { directory: NodeDirectory; shards: readonly number[]; head: TopHead }): boolean {
  const { node, generation, shard } = params.head.range.log;
  const registered = findNode(params.directory, node);
  if (registered === undefined || generation > BigInt(registered.generation)) return false;
  return params.shards.includes(shard);
}

/** Replaces the heads that a peer told before, or adds to them if its message was full and so one of several. */
function keepHeads(params: {
  headsByPeer: Syncing["headsByPeer"];
  peerId: string;
  known: readonly TopHead[];
  isPart: boolean;
}): void {
  const { headsByPeer, peerId, known, isPart } = params;
  const told = known.map((head): [string, TopHead] => [logName(head.range.log), head]);
  const before = isPart ? (headsByPeer.get(peerId) ?? []) : [];
  headsByPeer.set(peerId, new Map([...new Map([...before, ...told])].slice(-MAX_KNOWN_HEADS)));
}

type Fetching = {
  readonly fetch: (log: LogId) => Promise<void>;
  /** Resolves when all fetches that were under way have ended. */
  readonly settled: () => Promise<void>;
};

/** Opens a fetcher that runs one fetch per log at a time; a call during a fetch starts another one after it. */
function openFetching(sync: Syncing): Fetching {
  const { logger, signal } = sync;
  const running = new Map<string, Promise<void>>();
  const again = new Set<string>();
  const fetchUntilQuiet = async (log: LogId): Promise<void> => {
    const name = logName(log);
    try {
      do {
        again.delete(name);
        await fetchLog({ sync, log });
      } while (again.has(name) && !signal.aborted);
    } catch (error) {
      logger.warn({ log: name, error }, "a log could not be fetched");
    }
  };
  return {
    fetch: async (log) => {
      const name = logName(log);
      const current = running.get(name);
      if (current !== undefined) {
        again.add(name);
        return current;
      }
      const work = fetchUntilQuiet(log);
      running.set(name, work);
      await work.finally(() => running.delete(name));
    },
    settled: async () => void (await Promise.all(running.values())),
  };
}

type Exchange = {
  readonly withAll: Sync["exchange"];
  /** Resolves when none of these peers owes an answer. */
  readonly settled: (peerIds: readonly string[]) => Promise<void>;
};

function openExchange(params: {
  ask: Ask;
  shardsOf: (peerId: string) => bigint;
  tellHeads: TellHeads;
  noteHeads: Sync["noteHeads"];
  logger: MeshLogger;
}): Exchange {
  const { ask, shardsOf, tellHeads, noteHeads, logger } = params;
  const exchanging = new Map<string, Promise<void>>();
  const exchangeWith = async (peerId: string): Promise<void> => {
    try {
      const answer = await ask(peerId, await tellHeads({ shards: shardsOf(peerId) }));
      if (answer.kind === "heads") noteHeads(peerId, answer.heads, answer.clockMs);
    } catch (error) {
      logger.debug({ peerId, error }, "a peer did not give its heads");
    } finally {
      exchanging.delete(peerId);
    }
  };
  const settled: Exchange["settled"] = async (peerIds) => {
    await Promise.all(peerIds.map((peerId) => exchanging.get(peerId)));
  };
  const withAll: Sync["exchange"] = async (peerIds) => {
    const free = peerIds.filter((peerId) => !exchanging.has(peerId));
    for (const peerId of free) exchanging.set(peerId, exchangeWith(peerId));
    await settled(free);
  };
  return { withAll, settled };
}
