import { steadyMs } from "../clock/steadyMs.ts";
import { maximum } from "../wire/bigintOrder.ts";
import type { LogId } from "../wire/logRange.ts";
import { type Ask, catchUpLog } from "./catchUpLog.ts";
import type { Intake } from "./intake.ts";
import type { MeshLog } from "./meshLog.ts";
import type { MeshLogger } from "./meshLogger.ts";
import { openPeerTurns } from "./peerTurns.ts";

/** What peers have of a log that this node itself has signed; `next` is the first sequence that this node lacks. */
export type OwnHead =
  /** Enough peers answered, and all that any of them has of the log is on disk: this node may sign on. */
  | { readonly kind: "whole"; readonly next: bigint; readonly answers: number }
  /** Peers have sequences that could not be fetched, or say so: this node must open a new generation. */
  | { readonly kind: "lacking"; readonly next: bigint; readonly highest: bigint }
  /** Too few peers answered in time: this node must open a new generation. */
  | { readonly kind: "no-answer" };

/** How long this node waits for answers, and how long it then tries to fetch what peers have more. */
const OWN_HEAD_MS = 5000;
const FETCH_MS = 10_000;
const POLL_MS = 50;
/** More answers than these are never needed. */
const MOST_ANSWERS = 3;

/** Returns how many of the other nodes have to answer: more than half, at most 3, so that one liar is not enough. */
export function answersNeeded(others: number): number {
  return Math.min(MOST_ANSWERS, Math.floor(others / 2) + 1);
}

/**
 * Asks peers how much they hold of this node's own log, and fetches what this node lacks. To be called before the first
 * signature after a start: a sequence that peers have must not be signed again. A slow peer delays nothing; a peer's
 * lie costs a new generation.
 */
export async function fetchOwnHead(params: {
  log: LogId;
  meshLog: MeshLog;
  intake: Intake;
  ask: Ask;
  connected: () => readonly string[];
  /**
   * True if a peer serves the log's shard. Only such peers' answers count as `needed`: others may have lost the log.
   */
  serves: (peerId: string) => boolean;
  /** How many answers of peers that serve the shard are enough; 1 by default. */
  needed?: number;
  logger: MeshLogger;
  signal: AbortSignal;
  timeoutMs?: number;
}): Promise<OwnHead> {
  const { log, meshLog, connected, serves, needed = 1, timeoutMs = OWN_HEAD_MS, signal } = params;
  const endMs = steadyMs() + timeoutMs;
  const answers = new Map<string, bigint>();
  const asking = new Set<string>();
  const confirming = () => [...answers.keys()].filter(serves).length;
  const highest = () => [...answers.values()].reduce(maximum, 0n);
  const askNew = (): void => {
    for (const peerId of connected()) {
      if (asking.has(peerId) || answers.has(peerId)) continue;
      asking.add(peerId);
      void askOne({ ...params, peerId }).then((reaches) => {
        asking.delete(peerId);
        if (reaches !== undefined) answers.set(peerId, reaches);
      });
    }
  };
  const next = () => meshLog.headOf(log).range.next;
  for (;;) {
    askNew();
    if (highest() > next()) await fetchLacking({ ...params, answers });
    if (highest() > next()) return { kind: "lacking", next: next(), highest: highest() };
    const count = confirming();
    if (count >= needed) return { kind: "whole", next: next(), answers: count };
    if (steadyMs() >= endMs || signal.aborted) return { kind: "no-answer" };
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

type Lacking = Omit<Parameters<typeof catchUpLog>[0], "ranges" | "peers" | "turns">;

async function fetchLacking(params: Lacking & { answers: ReadonlyMap<string, bigint> }): Promise<void> {
  const { log, meshLog, answers } = params;
  const peers = () => [...answers].map(([peerId, reaches]) => ({ peerId, reaches }));
  const signal = AbortSignal.any([params.signal, AbortSignal.timeout(FETCH_MS)]);
  const ranges = await meshLog.missing(log);
  await catchUpLog({ ...params, peers, ranges, turns: openPeerTurns(), signal });
}

/** Asks how far a peer holds the log: the sequence after its last one; undefined if the peer does not answer. */
async function askOne(params: { log: LogId; ask: Ask; peerId: string }): Promise<bigint | undefined> {
  const { log, ask, peerId } = params;
  try {
    const answer = await ask(peerId, { kind: "head", log });
    return answer.kind === "head" ? answer.head.highest : undefined;
  } catch {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    return undefined;
  }
}
