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
  /** What a peer says of its logs, in its request or its answer. */
  readonly noteHeads: (peerId: string, heads: readonly TopHead[], clockMs?: number) => void;
  readonly forget: (peerId: string) => void;
  readonly lag: () => SyncLag;
  /** Exchanges heads with these peers, but with none whose answer is still out; what they have more is fetched. */
  readonly exchange: (peerIds: readonly string[]) => Promise<void>;
  /** The same, and resolves when nothing more is to be had. */
  readonly syncWith: (peerIds: readonly string[]) => Promise<void>;
};

/** What is kept of what one peer tells. */
const MAX_KNOWN_HEADS = 16_384;

export function openSync(params: {
  meshLog: MeshLog;
  directory: NodeDirectory;
  intake: Intake;
  ask: Ask;
  shards: readonly number[];
  /** What a peer serves, by the registry: bit n for shard n; whatever this node serves unless told. */
  shardsOf?: (peerId: string) => bigint;
  tellHeads?: TellHeads;
  /** Which checkpoint covers a log from a sequence on; none unless told. */
  checkpointFrom?: CheckpointFrom;
  /** Is told what peers' clocks show. */
  clocks?: PeerClocks;
  /** A range that all peers lack for so long becomes a hole. */
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

/** A log of a registered node, in a generation that it has begun, of a shard that this node serves. */
function isKnown(params: { directory: NodeDirectory; shards: readonly number[]; head: TopHead }): boolean {
  const { node, generation, shard } = params.head.range.log;
  const registered = findNode(params.directory, node);
  if (registered === undefined || generation > BigInt(registered.generation)) return false;
  return params.shards.includes(shard);
}

/** What a peer told before stands beside what it tells now if that is but one of several messages. */
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
  /** Resolves when all fetches have ended that were under way when it was called. */
  readonly settled: () => Promise<void>;
};

/** One fetch per log at a time; what is noted meanwhile starts another one. */
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
  /** Resolves when none of these peers owes an answer any more. */
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
