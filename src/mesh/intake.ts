import { steadyMs } from "../clock/steadyMs.ts";
import { wallMs } from "../clock/wallMs.ts";
import type { Batch } from "../wire/batch.ts";
import { type BatchHeader, batchHeaderHash } from "../wire/batchHeader.ts";
import type { NodeId } from "../wire/ids.ts";
import type { Network } from "../wire/network.ts";
import type { Arrival } from "./arrival.ts";
import { type CheckpointFrom, openCoveredCheck } from "./isCovered.ts";
import { judgeBatch, judgeSuccession, needsCheckpoint } from "./judgeBatch.ts";
import type { MeshLog } from "./meshLog.ts";
import type { MeshLogger } from "./meshLogger.ts";
import { findNode, isActive, type NodeDirectory } from "./nodeDirectory.ts";
import { openOriginatorBudget } from "./originatorBudget.ts";
import { openParking, type ParkedNow } from "./parking.ts";
import { provenPeerId } from "./peerId.ts";
import type { FinalVerdict, RejectReason, Verdict } from "./verdict.ts";

/** The one door for peers' batches, whether they come by gossip or by sync. */
export type Intake = Disposable & {
  /** Judges and stores a batch; an accepted one is on disk when it resolves. A parked one is tried again later. */
  readonly take: (arrival: Arrival) => Promise<Verdict>;
  /** Does what `take` does, but resolves only when the batch is no longer parked. */
  readonly takeFinally: (arrival: Arrival) => Promise<FinalVerdict>;
  /** Counts a rejection of bytes that are no batch of their gossip topic. */
  readonly refuse: (params: { from: string; reason: RejectReason }) => FinalVerdict;
  /** How often each outcome came: `stored`, `duplicate`, and every reason of verdict.ts. */
  readonly counts: ReadonlyMap<string, number>;
  /** Tells how much is parked now. */
  readonly parked: () => ParkedNow;
};

/** The node's own check of a batch, such as of a sample of its posting signatures. */
export type CheckBatch = (arrival: {
  batch: Batch;
  from: string;
}) => Promise<"good" | "bad-envelope"> | "good" | "bad-envelope";

/** Opens the intake; its disposal gives up what is parked. */
export function openIntake(params: {
  network: Network;
  directory: NodeDirectory;
  log: MeshLog;
  checkBatch: CheckBatch;
  /** How many bytes of messages are taken of one originator in a minute. */
  originatorBytesPerMinute: number;
  /** How many bytes of envelopes that strangers may publish, too, are taken of one originator; no bound by default. */
  strangerBytesPerMinute?: number;
  /** False while there is no room for what the originator has signed. */
  hasRoom?: (originator: NodeId) => boolean;
  /**
   * The latest that it may be, in milliseconds since 1970: a later batch is from the future. By default the wall clock.
   */
  nowMs?: () => number;
  /** The newest block that this node has read; by default, every block that a batch names counts as read. */
  chainBlock?: () => number;
  /** Told of batches that are not stored although their node has signed them. */
  onUnstored?: (batch: Batch) => void;
  /** Finds the checkpoint that covers a log from a sequence on; by default there is none. */
  checkpointFrom?: CheckpointFrom;
  logger: MeshLogger;
}): Intake {
  const { network, directory, log, checkBatch, hasRoom = () => true, nowMs = wallMs, logger } = params;
  const { chainBlock = () => undefined, checkpointFrom, onUnstored } = params;
  const isCovered = openCoveredCheck({ log, checkpointFrom });
  const { originatorBytesPerMinute: messages, strangerBytesPerMinute: strangers } = params;
  const budget = openOriginatorBudget({ messages, strangers: strangers ?? Number.POSITIVE_INFINITY });
  const counts = new Map<string, number>();

  const judge = async (arrival: Arrival): Promise<Verdict> => {
    const { batch } = arrival;
    if (await log.holds(batch)) return { kind: "accept", stored: false };
    // [IGNORE] Sync brings it once there is room.
    if (!hasRoom(batch.header.node)) return { kind: "ignore", reason: "disk-low" };
    const block = chainBlock();
    const verdict = judgeBatch({ batch, network, directory, now: nowMs(), chainBlock: block });
    if (verdict !== undefined) return verdict;
    const { header } = batch;
    // [IGNORE] This depends on the checkpoints that this node's index has.
    if (needsCheckpoint({ header, directory, chainBlock: block }) && !(await isCovered(arrival))) {
      const node = findNode(directory, header.node);
      const isOld = node !== undefined && isActive(node);
      return { kind: "ignore", reason: isOld ? "old-generation" : "originator-left" };
    }
    const before = await predecessor(log, arrival);
    const succession = before && judgeSuccession(header, before);
    if (succession !== undefined) return succession;
    // [IGNORE] Checked after the signature, so that no peer spends another node's budget.
    if (!budget({ batch, now: steadyMs() })) return { kind: "ignore", reason: "over-budget" };
    if ((await checkBatch(arrival)) !== "good") {
      // [REJECT] from the originator; [IGNORE] from other peers, because they check only a sample.
      const isOwn = isFromOriginator({ network, directory, arrival });
      return { kind: isOwn ? "reject" : "ignore", reason: "bad-envelope" };
    }
    const { kind } = await log.append(batch);
    return kind === "pruned"
      ? { kind: "ignore", reason: "pruned" }
      : { kind: "accept", stored: kind === "stored" };
  };
  const count = (outcome: string): void => {
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  };
  const refuse = ({ from, reason }: { from: string; reason: RejectReason }): FinalVerdict => {
    count(reason);
    logger.warn({ from, reason }, "a batch was rejected");
    return { kind: "reject", reason };
  };
  const decide = async (arrival: Arrival): Promise<Verdict> => {
    const verdict = await judge(arrival).catch((error: unknown): Verdict => {
      logger.warn({ error, node: arrival.batch.header.node }, "a batch could not be stored");
      return { kind: "ignore", reason: "not-stored" };
    });
    if (verdict.kind === "reject") return refuse({ from: arrival.from, reason: verdict.reason });
    if (verdict.kind === "ignore" && isSigned(verdict)) onUnstored?.(arrival.batch);
    count(verdict.kind !== "accept" ? verdict.reason : verdict.stored ? "stored" : "duplicate");
    return verdict;
  };
  const parking = openParking({ decide, directory, nowMs, chainBlock });
  const take = async (arrival: Arrival): Promise<Verdict> => {
    const verdict = await decide(arrival);
    if (verdict.kind === "park") void parking.park(arrival, verdict);
    return verdict;
  };
  const takeFinally = async (arrival: Arrival): Promise<FinalVerdict> => {
    const verdict = await decide(arrival);
    return verdict.kind === "park" ? parking.park(arrival, verdict) : verdict;
  };
  const { parked } = parking;
  return { take, takeFinally, refuse, counts, parked, [Symbol.dispose]: parking[Symbol.dispose] };
}

/** True if the batch's signature was verified before the batch was ignored. */
function isSigned({ reason }: FinalVerdict & { kind: "ignore" }): boolean {
  return !["disk-low", "overloaded", "parked-too-long", "not-stored"].includes(reason);
}

function isFromOriginator(params: { network: Network; directory: NodeDirectory; arrival: Arrival }): boolean {
  const { network, directory, arrival } = params;
  const node = findNode(directory, arrival.batch.header.node);
  return node !== undefined && provenPeerId({ network, node }) === arrival.from;
}

async function predecessor(log: MeshLog, { batch, beside }: Arrival): Promise<BatchHeader | undefined> {
  const { node, generation, shard, firstSequence: end, previous: headerHash } = batch.header;
  if (end === 0n) return undefined;
  return beside?.get(headerHash) ?? log.headerEndingAt({ log: { node, generation, shard }, end, headerHash });
}

/** Lists the headers of a page's batches by their hashes. */
export function headersByHash(batches: readonly Batch[]): Map<string, BatchHeader> {
  return new Map(batches.map(({ header, headerBytes }) => [batchHeaderHash(headerBytes), header]));
}
