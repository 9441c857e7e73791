import { wallMs } from "../clock/wallMs.ts";
import { isStorageFault, WeftError } from "../errors.ts";
import { appendOwnBatch } from "../store/node/appendBatch.ts";
import { type LogStore, logStateOf } from "../store/node/logStore.ts";
import { headerEndingAt } from "../store/node/readLogRange.ts";
import { type Batch, buildBatch } from "../wire/batch.ts";
import { batchHeaderHash } from "../wire/batchHeader.ts";
import { signDelivered } from "../wire/deliveredWord.ts";
import { type Envelope, envelopeHash } from "../wire/envelope.ts";
import { type EnvelopeHash, fromHex, type Hex } from "../wire/ids.ts";
import { MAX_CLOCK_SKEW_MS } from "../wire/limits.ts";
import type { LogId } from "../wire/logRange.ts";
import type { Network } from "../wire/network.ts";
import { type Receipt, receiptsFrom } from "../wire/receipt.ts";
import {
  countWaiting,
  enqueueEnvelope,
  type Item,
  openBatchQueue,
  takeItems,
  waitForMore,
} from "./batchQueue.ts";

/** The highest block that the node's index has reached. */
export type Anchor = { readonly number: number; readonly hash: Hex };

/** Writes the node's own log of one shard; nothing else signs batches. Disposing writes what waits. */
export type Batcher = AsyncDisposable & {
  readonly log: LogId;
  readonly append: (envelope: Envelope) => Promise<Receipt>;
  /** Signs a statement that the node has these envelopes. */
  readonly vouch: (hashes: readonly EnvelopeHash[]) => Uint8Array;
};

type Head = { next: bigint; previous: Hex; anchor: Anchor; timeMs: number };
type Settings = {
  store: LogStore;
  network: Network;
  log: LogId;
  /** P-256, 32 bytes. */
  signingKey: Uint8Array;
  anchor: () => Anchor;
  /** The network's time, milliseconds since 1970; the machine's clock unless given. */
  nowMs?: () => number;
  /** The latest time that it may be, milliseconds since 1970; `nowMs` unless given. */
  latestMs?: () => number;
  /** Hands a batch that is on disk to gossip; must not block. */
  onBatch: (batch: Batch) => void;
};

/** The first envelope after an idle time goes at once; under load a batch waits for this long or until it is full. */
const BATCH_INTERVAL_MS = 8;
const ZERO_HASH: Hex = `0x${"00".repeat(32)}`;

/**
 * Opens a batcher that goes on where the log ends on disk. Throws `not-ready` if the log has a gap or a fork, or ends
 * in the future: fetch what is lacking from the peers, or open the next generation.
 * `append` resolves with the receipt once the envelope is on disk; the same envelope twice in the queue shares one. It
 * rejects with `limit-exceeded` if the queue is full, `storage` if the disk refuses, `closed` after disposal.
 */
export async function openBatcher(settings: Settings): Promise<Batcher> {
  const head = await readHead(settings);
  const queue = openBatchQueue();
  const flush = openFlush(settings, head);
  let running: Promise<void> | undefined;
  let lastFlush = Number.NEGATIVE_INFINITY;

  const run = async (): Promise<void> => {
    while (countWaiting(queue) > 0) {
      await waitForMore(queue, lastFlush + BATCH_INTERVAL_MS - performance.now());
      lastFlush = performance.now();
      await flush(takeItems(queue));
    }
    running = undefined;
  };
  const append = (envelope: Envelope): Promise<Receipt> => {
    const promise = enqueueEnvelope(queue, envelope);
    running ??= run();
    return promise;
  };
  const close = async (): Promise<void> => {
    queue.closed = true;
    queue.cutWait();
    await running;
  };
  const { network, log, signingKey } = settings;
  const vouch = (hashes: readonly EnvelopeHash[]): Uint8Array =>
    signDelivered({ network, node: log.node, hashes, signingKey });
  return { log, append, vouch, [Symbol.asyncDispose]: close };
}

async function readHead({ store, log, anchor, nowMs = wallMs, latestMs = nowMs }: Settings): Promise<Head> {
  const state = logStateOf(store.state, log);
  const { next, headerHash } = state;
  if (state.conflicted || state.highest !== next || (next > 0n && headerHash === undefined)) {
    throw new WeftError({ code: "not-ready", message: `the node's own log is not whole at ${next}` });
  }
  const last = headerHash && (await headerEndingAt({ store, log, end: next, headerHash }));
  // Time does not go back in a log, and peers put off a batch that is later than now.
  if (last !== undefined && last.timeMs > latestMs() + MAX_CLOCK_SKEW_MS) {
    throw new WeftError({ code: "not-ready", message: "the node's own log ends in the future" });
  }
  const reached = last ? { number: last.anchorBlock, hash: last.anchorHash } : anchor();
  return { next, previous: headerHash ?? ZERO_HASH, anchor: reached, timeMs: last?.timeMs ?? 0 };
}

/**
 * Signs and stores one batch. A batch that was signed but not written is written first, with the same bytes:
 * its sequences are never signed again.
 */
function openFlush(settings: Settings, start: Head): (items: readonly Item[]) => Promise<void> {
  let head = start;
  let unwritten: { batch: Batch; items: readonly Item[] } | undefined;

  const write = async (): Promise<void> => {
    if (unwritten === undefined) return;
    const { batch, items } = unwritten;
    await appendTwice(settings.store, batch);
    unwritten = undefined;
    resolveItems(batch, items);
    settings.onBatch(batch);
  };
  return async (items) => {
    try {
      await write();
      const batch = signNext(settings, head, items);
      head = headAfter(head, batch);
      unwritten = { batch, items };
      await write();
    } catch (error) {
      for (const { waiting } of items) for (const { reject } of waiting) reject(error);
    }
  };
}

/** The store reopens its database after a failed write; the second try then finds or writes the same bytes. */
async function appendTwice(store: LogStore, batch: Batch): Promise<void> {
  try {
    await appendOwnBatch({ store, batch });
  } catch (error) {
    if (!isStorageFault(error)) throw error;
    await appendOwnBatch({ store, batch });
  }
}

function signNext(settings: Settings, head: Head, items: readonly Item[]): Batch {
  const { network, log, signingKey, nowMs = wallMs } = settings;
  const reached = settings.anchor();
  const anchor = reached.number >= head.anchor.number ? reached : head.anchor;
  return buildBatch({
    header: {
      ...log,
      chainId: network.chainId,
      nodeRegistry: network.nodeRegistry,
      firstSequence: head.next,
      anchorBlock: anchor.number,
      anchorHash: anchor.hash,
      timeMs: Math.max(nowMs(), head.timeMs),
      previous: head.previous,
    },
    envelopes: items.map(({ envelope }) => envelope),
    signingKey,
  });
}

function headAfter(head: Head, { header, headerBytes }: Batch): Head {
  return {
    next: head.next + BigInt(header.count),
    previous: batchHeaderHash(headerBytes),
    anchor: { number: header.anchorBlock, hash: header.anchorHash },
    timeMs: header.timeMs,
  };
}

function resolveItems(batch: Batch, items: readonly Item[]): void {
  const { headerBytes, signature } = batch;
  const hashes = batch.envelopes.map((envelope) => fromHex(envelopeHash(envelope)));
  const receipts = receiptsFrom({ headerBytes, signature, hashes });
  for (const [i, { waiting }] of items.entries()) {
    const receipt = receipts[i];
    if (receipt !== undefined) for (const { resolve } of waiting) resolve(receipt);
  }
}
