import { steadyMs } from "../clock/steadyMs.ts";
import { maximum } from "../wire/bigintOrder.ts";
import type { LogId } from "../wire/logRange.ts";
import { type Ask, catchUpLog } from "./catchUpLog.ts";
import type { Intake } from "./intake.ts";
import type { MeshLog } from "./meshLog.ts";
import type { MeshLogger } from "./meshLogger.ts";
import { openPeerTurns } from "./peerTurns.ts";

export type OwnHead =
  /** Enough peers answered, and all that any of them has of the log is on disk: signing may go on. */
  | { readonly kind: "whole"; readonly next: bigint; readonly answers: number }
  /** Peers have sequences that could not be fetched, or say so: open a new generation. */
  | { readonly kind: "lacking"; readonly next: bigint; readonly highest: bigint }
  /** Too few peers answered in time: open a new generation, unless there are no peers. */
  | { readonly kind: "no-answer" };

/** How long a node waits for peers that know its log, and how long for what they show beyond it. */
const OWN_HEAD_MS = 5000;
const FETCH_MS = 10_000;
const POLL_MS = 50;
/** More need not agree. */
const MOST_ANSWERS = 3;

/** How many have to agree where so many could: more than half, so that no single liar makes a node sign twice. */
export function answersNeeded(others: number): number {
  return Math.min(MOST_ANSWERS, Math.floor(others / 2) + 1);
}

/**
 * What the peers hold of the node's own log, fetched as far as it lacks here. To be asked before the first signature
 * after a start: a sequence that peers have must not be signed again. Who is slow holds up nobody; a lie costs a new
 * generation.
 */
export async function fetchOwnHead(params: {
  log: LogId;
  meshLog: MeshLog;
  intake: Intake;
  ask: Ask;
  connected: () => readonly string[];
  /** Whether a peer serves the log's shard: another one has nothing of it, or what was left there; its word is not enough. */
  serves: (peerId: string) => boolean;
  /** Answers of those who serve it that are enough; 1 unless told. */
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

/** The end of what a peer has of the log; undefined if it does not answer. */
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
