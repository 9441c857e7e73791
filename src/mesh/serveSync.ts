import type { Libp2p } from "@libp2p/interface";
import { steadyMs } from "../clock/steadyMs.ts";
import { MAX_SYNC_PAGE_BYTES } from "../wire/limits.ts";
import { openByteBudget } from "./byteBudget.ts";
import type { MeshLog, TopHead } from "./meshLog.ts";
import type { MeshLogger } from "./meshLogger.ts";
import { SYNC_PROTOCOL, type SyncAnswer, type SyncAsk } from "./syncMessages.ts";
import { answerPeer } from "./syncStream.ts";
import type { TellHeads } from "./tellHeads.ts";

/** How much one peer may fetch in a minute, and how many bytes each answer counts at least. */
const PEER_BYTES_PER_MINUTE = 256 * 1024 * 1024;
const LEAST_ANSWER_BYTES = 32 * 1024;
const RETRY_AFTER_MS = 5000;
const MAX_STREAMS_PER_PEER = 16;

/**
 * Starts to answer peers' sync requests. `onHeads` is told what a peer says of its logs and clock (see `ToldHeads`).
 */
export async function serveSync(params: {
  libp2p: Libp2p;
  log: MeshLog;
  onHeads: (peerId: string, heads: readonly TopHead[], clockMs: number | undefined) => void;
  tellHeads: TellHeads;
  /** The shards that a peer serves, bit n for shard n: the peer is told of no other shard's logs. */
  shardsOf: (peerId: string) => bigint;
  /** The number of the newest block that this node has read. */
  chainBlock: () => number;
  logger: MeshLogger;
  signal: AbortSignal;
}): Promise<void> {
  const { libp2p, log, onHeads, tellHeads, shardsOf, chainBlock, logger, signal } = params;
  const budget = openByteBudget({ perMinute: PEER_BYTES_PER_MINUTE });
  const answerFor =
    (peerId: string) =>
    (ask: SyncAsk): Promise<SyncAnswer> => {
      const wanted = ask.kind === "range" ? Math.min(ask.maxBytes, MAX_SYNC_PAGE_BYTES) : 0;
      const bytes = Math.max(LEAST_ANSWER_BYTES, wanted);
      if (!budget({ key: peerId, bytes, now: steadyMs() })) {
        return Promise.resolve({ kind: "refused", code: "limit-exceeded", retryAfterMs: RETRY_AFTER_MS });
      }
      if (ask.kind === "heads") {
        onHeads(peerId, ask.heads, ask.clockMs);
        return tellHeads({ shards: shardsOf(peerId) });
      }
      if (ask.kind === "block") return Promise.resolve({ kind: "block", number: chainBlock() });
      return answerOf({ log, ask });
    };
  await libp2p.handle(
    SYNC_PROTOCOL,
    async (stream, connection) => {
      const peerId = connection.remotePeer.toString();
      try {
        await answerPeer({ stream, answer: answerFor(peerId), signal });
      } catch (error) {
        logger.debug({ peerId, error }, "a sync request was not answered");
      }
    },
    { maxInboundStreams: MAX_STREAMS_PER_PEER },
  );
}

async function answerOf(params: {
  log: MeshLog;
  ask: Exclude<SyncAsk, { kind: "block" | "heads" }>;
}): Promise<SyncAnswer> {
  const { log, ask } = params;
  switch (ask.kind) {
    case "head":
      return { kind: "head", head: log.headOf(ask.log) };
    case "range": {
      const page = await log.readRange(ask);
      const { until } = ask;
      if (page.kind !== "page" || until === undefined) return page;
      const wanted = page.batches.filter(({ header }) => header.firstSequence < until);
      return { kind: "page", batches: wanted };
    }
    case "batch": {
      const batch = await log.readBatch(ask);
      return batch === undefined
        ? { kind: "absent", availableFrom: undefined }
        : { kind: "page", batches: [batch] };
    }
  }
}
