import type { Logger } from "pino";
import type { Chain } from "../chain/provider/chain.ts";
import { checkpointNode } from "../chain/registry/checkpointNode.ts";
import type { Relayer } from "../chain/submit/openRelayer.ts";
import { steadyMs } from "../clock/steadyMs.ts";
import { WeftError } from "../errors.ts";
import type { ChainIndex } from "../store/node/chainIndex.ts";
import { type LogStore, logStateOf } from "../store/node/logStore.ts";
import { lastCheckpointOf } from "../store/node/readCheckpoints.ts";
import type { Hex } from "../wire/ids.ts";
import { FENCE_BLOCKS } from "../wire/limits.ts";
import type { LogId } from "../wire/logRange.ts";
import { type ChainWatch, nextChange } from "./chainHub.ts";
import type { Readiness } from "./readiness.ts";

/** Half of the blocks within which a batch has to be covered. */
const PERIOD_BLOCKS = FENCE_BLOCKS / 2;
/**
 * A call that is in no block after so many blocks is lost. Blocks, not time: nothing piles up while the chain stands
 * still.
 */
const LOST_AFTER_BLOCKS = 6;
const RETRY_MS = 500;
const MAX_RETRY_MS = 60_000;

type Params = {
  readonly chain: Chain;
  readonly operator: Relayer;
  /** Is woken by blocks, by rollbacks and by each batch of the log. */
  readonly watch: ChainWatch;
  readonly index: ChainIndex;
  readonly store: LogStore;
  readonly readiness: Readiness;
  readonly log: LogId;
  readonly logger: Logger;
  /** Hears how each call ended. */
  readonly count: (outcome: "submitted" | "refused" | "failed") => void;
  readonly signal: AbortSignal;
};
type Due = { readonly sequence: bigint; readonly headerHash: Hex };
/** When a call was sent that is under way, and when a call that failed may be made again. */
type Course = { sentAtBlock: number | undefined; failures: number; retryAtMs: number };

/**
 * Posts checkpoints of the node's own log: at once after a quiet time, then every PERIOD_BLOCKS while it grows, and
 * again where a reorganization took one. A fault is logged and the call tried again; messages do not wait for it. Ends
 * when the signal aborts.
 */
export async function keepCheckpoints(params: Params): Promise<void> {
  const { watch, logger, signal } = params;
  const course: Course = { sentAtBlock: undefined, failures: 0, retryAtMs: 0 };
  while (!signal.aborted) {
    if (watch.rolledBackTo !== undefined) course.sentAtBlock = undefined;
    watch.rolledBackTo = undefined;
    watch.moved = false;
    try {
      const due = await dueCheckpoint({ ...params, course });
      if (due !== undefined) await post({ ...params, course, due });
    } catch (error) {
      if (signal.aborted) return;
      course.failures++;
      course.retryAtMs = steadyMs() + Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** Math.min(course.failures, 10));
      logger.warn({ err: error }, "the log could not be checkpointed; trying again");
    }
    const ms = course.failures > 0 ? Math.max(1, course.retryAtMs - steadyMs()) : MAX_RETRY_MS;
    await nextChange({ watch, ms, signal });
  }
}

/** The checkpoint that is due now; undefined: none, as while another generation than the log's is the current one. */
async function dueCheckpoint(params: Params & { course: Course }): Promise<Due | undefined> {
  const { index, store, log, readiness, course } = params;
  const { head, nodes } = index.state;
  const { next, headerHash } = logStateOf(store.state, log);
  const generation = BigInt(nodes.get(log.node)?.generation ?? 0);
  if (head === undefined || headerHash === undefined || generation !== log.generation) return undefined;
  if (steadyMs() < course.retryAtMs || readiness.indexReason() !== undefined) return undefined;
  const last = await lastCheckpointOf({ index, log });
  const isCovered = last !== undefined && last.sequence + 1n >= next;
  const isEarly = last !== undefined && head.number < last.block + PERIOD_BLOCKS;
  const isSent = course.sentAtBlock !== undefined && head.number < course.sentAtBlock + LOST_AFTER_BLOCKS;
  return isCovered || isEarly || isSent ? undefined : { sequence: next - 1n, headerHash };
}

/** Sends a checkpoint. Throws what `checkpointNode` throws, and the registry's refusal. */
async function post(params: Params & { course: Course; due: Due }): Promise<void> {
  const { chain, operator, index, log, due, course, logger, count } = params;
  const { node, shard } = log;
  const sentAtBlock = index.state.head?.number;
  const outcome = await checkpointNode({ chain, operator, node, shard, ...due }).catch((error: unknown) => {
    count("failed");
    throw error;
  });
  if (outcome.kind === "refused") {
    count("refused");
    throw new WeftError(outcome);
  }
  count("submitted");
  Object.assign(course, { sentAtBlock, failures: 0, retryAtMs: 0 });
  logger.debug({ sequence: Number(due.sequence) }, "checkpointed the log");
}
