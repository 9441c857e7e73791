import { steadyMs } from "../clock/steadyMs.ts";
import { maximum } from "../wire/bigintOrder.ts";
import type { LogId } from "../wire/logRange.ts";
import { type Ask, catchUpLog } from "./catchUpLog.ts";
import type { Intake } from "./intake.ts";
import type { MeshLog } from "./meshLog.ts";
import type { MeshLogger } from "./meshLogger.ts";

export type OwnHead =
  /** At least one peer answered, and all that they have of the log is on disk: signing may go on. */
  | { readonly kind: "whole"; readonly next: bigint; readonly answers: number }
  /** Peers have sequences that could not be fetched: open a new generation. */
  | { readonly kind: "lacking"; readonly next: bigint; readonly highest: bigint }
  /** No peer answered in time: open a new generation, unless there are no peers. */
  | { readonly kind: "no-answer" };

/** How long a node waits for the first peer that knows its log. */
const OWN_HEAD_MS = 5000;
const POLL_MS = 50;

/**
 * What the peers hold of the node's own log, fetched as far as it lacks here. To be asked before the first signature
 * after a start: a sequence that peers have must not be signed again.
 */
export async function fetchOwnHead(params: {
  log: LogId;
  meshLog: MeshLog;
  intake: Intake;
  ask: Ask;
  connected: () => readonly string[];
  /** Whether a peer serves the log's shard: another one has nothing of it, or what was left there; its word is not enough. */
  serves: (peerId: string) => boolean;
  logger: MeshLogger;
  signal: AbortSignal;
  timeoutMs?: number;
}): Promise<OwnHead> {
  const { log, meshLog, ask, connected, serves, timeoutMs = OWN_HEAD_MS, signal } = params;
  const until = steadyMs() + timeoutMs;
  let peers = await askAll({ log, ask, peerIds: connected() });
  const confirming = () => peers.filter(({ peerId }) => serves(peerId));
  while (confirming().length === 0 && steadyMs() < until && !signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    peers = await askAll({ log, ask, peerIds: connected() });
  }
  if (confirming().length === 0) return { kind: "no-answer" };
  const highest = peers.map(({ reaches }) => reaches).reduce(maximum, 0n);
  if (highest > meshLog.headOf(log).range.next)
    await catchUpLog({ ...params, peers, ranges: await meshLog.missing(log) });
  const { range } = meshLog.headOf(log);
  if (highest > range.next) return { kind: "lacking", next: range.next, highest };
  return { kind: "whole", next: range.next, answers: confirming().length };
}

async function askAll(params: {
  log: LogId;
  ask: Ask;
  peerIds: readonly string[];
}): Promise<{ peerId: string; reaches: bigint }[]> {
  const { log, ask, peerIds } = params;
  const answers = await Promise.allSettled(
    peerIds.map(async (peerId) => ({ peerId, answer: await ask(peerId, { kind: "head", log }) })),
  );
  return answers.flatMap((result) => {
    if (result.status === "rejected" || result.value.answer.kind !== "head") return [];
    return [{ peerId: result.value.peerId, reaches: result.value.answer.head.highest }];
  });
}
