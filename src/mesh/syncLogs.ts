import { steadyMs } from "../clock/steadyMs.ts";
import { type BatchHeader, batchHeaderHash } from "../wire/batchHeader.ts";
import type { Hex } from "../wire/ids.ts";
import { type LogId, logName } from "../wire/logRange.ts";
import { bitmapOf } from "../wire/shards.ts";
import { type Ask, catchUpLog } from "./catchUpLog.ts";
import { fetchCovered } from "./fetchCovered.ts";
import type { Intake } from "./intake.ts";
import type { CheckpointFrom } from "./isCovered.ts";
import type { BatchEnd, MeshLog, MissingRange, TopHead } from "./meshLog.ts";
import type { MeshLogger } from "./meshLogger.ts";
import { findNode, type NodeDirectory } from "./nodeDirectory.ts";
import type { PeerClocks } from "./peerClocks.ts";
import { openPeerTurns } from "./peerTurns.ts";
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

/** What a peer told of one log, if anything. */
type Told = { readonly peerId: string; readonly head: TopHead | undefined };
type Absence = { readonly first: bigint; readonly since: number; readonly behind: bigint | undefined };

/** What is kept of what one peer tells. */
const MAX_KNOWN_HEADS = 16_384;
/** A log of which something came that can't be judged yet is left alone for so long. */
const WAIT_MS = 3_000;
/** What this node refuses for good is asked for again after this: the registry may have changed. */
const REFUSED_RETRY_MS = 60_000;
const MAX_REFUSED = 4096;
/** Steps back along a branch in one round. */
const MAX_BRANCH_STEPS = 64;

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
  const { meshLog, directory, intake, ask, clocks, logger, signal } = params;
  const { shardsOf = () => bitmapOf(params.shards), tellHeads = openHeadTeller({ log: meshLog }) } = params;
  const headsByPeer = new Map<string, ReadonlyMap<string, TopHead>>();
  const turns = openPeerTurns();
  const waits = new Map<string, number>();
  const exchanging = new Map<string, Promise<void>>();
  const absences = new Map<string, Absence>();
  const refusals = new Map<string, { readonly until: bigint; readonly retryAt: number }>();
  const running = new Map<string, Promise<void>>();
  const again = new Set<string>();

  const isKnown = ({ range }: TopHead): boolean => {
    const { node, generation, shard } = range.log;
    const registered = findNode(directory, node);
    return (
      registered !== undefined && generation <= BigInt(registered.generation) && params.shards.includes(shard)
    );
  };
  const noteHeads: Sync["noteHeads"] = (peerId, heads, clockMs) => {
    clocks?.note(peerId, clockMs);
    const told = heads.filter(isKnown).map((head): [string, TopHead] => [logName(head.range.log), head]);
    // A full message is one of several.
    const before = heads.length < MAX_HEADS ? [] : (headsByPeer.get(peerId) ?? []);
    headsByPeer.set(peerId, new Map([...new Map([...before, ...told])].slice(-MAX_KNOWN_HEADS)));
    turns.stir();
    for (const [, head] of told) void fetchLog(head.range.log);
  };
  const headsFor = (name: string): Told[] =>
    [...headsByPeer].map(([peerId, heads]) => ({ peerId, head: heads.get(name) }));

  /** One fetch per log at a time; what is noted meanwhile starts another one. */
  const fetchLog = async (log: LogId): Promise<void> => {
    const name = logName(log);
    const current = running.get(name);
    if (current !== undefined) {
      again.add(name);
      return current;
    }
    const work = fetchUntilQuiet(log);
    running.set(name, work);
    await work.finally(() => running.delete(name));
  };
  const fetchUntilQuiet = async (log: LogId): Promise<void> => {
    const name = logName(log);
    try {
      do {
        again.delete(name);
        await fetchOnce(log);
      } while (again.has(name) && !signal.aborted);
    } catch (error) {
      logger.warn({ log: name, error }, "a log could not be fetched");
    }
  };
  const fetchOnce = async (log: LogId): Promise<void> => {
    const name = logName(log);
    if ((waits.get(name) ?? 0) > steadyMs()) return;
    waits.delete(name);
    const peers = () => headsFor(name).map(({ peerId, head }) => ({ peerId, reaches: head?.highest ?? 0n }));
    const { next } = meshLog.headOf(log).range;
    const missing = await meshLog.missing(log);
    const ranges = missing.flatMap((range) => wantedOf(name, range));
    const round = await catchUpLog({ log, meshLog, intake, ask, turns, ranges, peers, logger, signal });
    if (round.waits) waits.set(name, steadyMs() + WAIT_MS);
    if (round.stored > 0) logger.debug({ log: name, batches: round.stored }, "fetched what was missing");
    for (const { from, until } of round.refused) noteRefused(name, from, until);
    const known = absences.get(name);
    const leftOut = known?.first === next && !ranges.some(({ from }) => from === next);
    await noteAbsence(log, leftOut ? known : round.absent);
    const order = turns.order(headsFor(name));
    await fetchBranches(log, order);
    const { checkpointFrom } = params;
    if (round.refused.length === 0 || checkpointFrom === undefined) return;
    const take = async (wanted: BatchEnd): Promise<BatchHeader | undefined> => {
      for (const { peerId } of order) {
        const header = await takeRival({ peerId, log, ...wanted });
        if (header !== undefined) return header;
      }
      return undefined;
    };
    await fetchCovered({ log, meshLog, checkpointFrom, take, signal });
  };
  /** A missing range without what this node refuses at its start. */
  const wantedOf = (name: string, { from, until }: MissingRange): MissingRange[] => {
    const behind = refusedUntil(name, from);
    if (behind === undefined) return [{ from, until }];
    return until !== undefined && behind >= until ? [] : [{ from: behind, until }];
  };
  const refusedUntil = (name: string, what: bigint | Hex): bigint | undefined => {
    const known = refusals.get(`${name}/${what}`);
    return known !== undefined && known.retryAt > steadyMs() ? known.until : undefined;
  };
  const noteRefused = (name: string, what: bigint | Hex, until: bigint): void => {
    refusals.delete(`${name}/${what}`);
    refusals.set(`${name}/${what}`, { until, retryAt: steadyMs() + REFUSED_RETRY_MS });
    const [oldest] = refusals.keys();
    if (refusals.size > MAX_REFUSED && oldest !== undefined) refusals.delete(oldest);
  };
  const noteAbsence = async (
    log: LogId,
    absent: { first: bigint; behind: bigint | undefined } | undefined,
  ) => {
    const name = logName(log);
    if (absent === undefined) {
      absences.delete(name);
      return;
    }
    const { first, behind } = absent;
    const known = absences.get(name);
    const since = known?.first === first ? known.since : steadyMs();
    absences.set(name, { first, since, behind });
    if (behind === undefined || steadyMs() - since < params.holeAfterMs) return;
    if (!(await meshLog.recordHole({ log, first, end: behind }))) return;
    absences.delete(name);
    logger.warn(
      { log: name, first: `${first}`, end: `${behind}` },
      "no peer has this range: recorded as a hole",
    );
  };

  /** What peers hold of other branches, and what one's own name as a predecessor: fetched by header. */
  const fetchBranches = async (log: LogId, others: readonly Told[]): Promise<void> => {
    for (const { peerId, head } of others) {
      if (head === undefined) continue;
      const { next, headerHash, floor } = head.range;
      const last = headerHash === undefined ? [] : [{ end: next, headerHash }];
      for (const { end, headerHash } of [...last, ...head.branches]) {
        if (end > floor) await fetchBack({ peerId, log, end, headerHash });
      }
    }
    const { lacking } = await meshLog.branches(log);
    for (const end of lacking) for (const { peerId } of others) await fetchBack({ peerId, log, ...end });
  };
  /** From a batch that this node does not hold back to where its branch parts from what it holds. */
  const fetchBack = async (params: BatchEnd & { peerId: string; log: LogId }): Promise<void> => {
    const { peerId, log } = params;
    let { end, headerHash } = params;
    for (let step = 0; step < MAX_BRANCH_STEPS && !signal.aborted; step++) {
      const { range } = meshLog.headOf(log);
      if (end <= range.floor || end > range.next) return;
      if (refusedUntil(logName(log), headerHash) !== undefined) return;
      if ((await meshLog.headerEndingAt({ log, end, headerHash })) !== undefined) return;
      const header = await takeRival({ peerId, log, end, headerHash });
      if (header === undefined) return;
      end = header.firstSequence;
      headerHash = header.previous;
    }
  };
  const takeRival = async (
    wanted: BatchEnd & { peerId: string; log: LogId },
  ): Promise<BatchHeader | undefined> => {
    const { peerId, log, end, headerHash } = wanted;
    const answer = await ask(peerId, { kind: "batch", log, end, headerHash }).catch(() => undefined);
    const [batch] = answer?.kind === "page" ? answer.batches : [];
    if (batch === undefined || batchHeaderHash(batch.headerBytes) !== headerHash) return undefined;
    const verdict = await intake.take({ batch, from: peerId });
    if (verdict.kind !== "accept") {
      noteRefused(logName(log), headerHash, end);
      return undefined;
    }
    if (verdict.stored) logger.debug({ log: logName(log), headerHash }, "a batch was fetched by its header");
    return batch.header;
  };

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
  const exchange: Sync["exchange"] = async (peerIds) => {
    const free = peerIds.filter((peerId) => !exchanging.has(peerId));
    for (const peerId of free) exchanging.set(peerId, exchangeWith(peerId));
    await Promise.all(free.map((peerId) => exchanging.get(peerId)));
  };
  const syncWith: Sync["syncWith"] = async (peerIds) => {
    await Promise.all(peerIds.map((peerId) => exchanging.get(peerId)));
    await exchange(peerIds);
    await Promise.all(running.values());
  };
  return {
    noteHeads,
    forget: (peerId) => {
      headsByPeer.delete(peerId);
      turns.stir();
    },
    lag: () => syncLagOf({ headsByPeer, meshLog }),
    exchange,
    syncWith,
  };
}
