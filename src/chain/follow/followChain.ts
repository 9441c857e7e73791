import { waitMs } from "../../clock/waitMs.ts";
import { isWeftError } from "../../errors.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { ChainRecord } from "../../wire/chainRecord.ts";
import { DEFAULT_FINALITY_BLOCKS } from "../../wire/network.ts";
import type { Chain } from "../provider/chain.ts";
import { checkChain } from "../provider/openChain.ts";
import { letRest } from "../provider/providers.ts";
import { blockRefOf, type Header, readHeader } from "../provider/readHeader.ts";
import { rpcFailure } from "../provider/rpcFailure.ts";
import { type PageOutcome, readOldPage, readRecentPage, UNKNOWN_HASH } from "./readPage.ts";

/** What a follower of the chain is told: another page of blocks, or that a reorganization took some. */
export type ChainEvent =
  | {
      readonly kind: "page";
      /** The number of the first block that the page covers. */
      readonly fromBlock: number;
      /** The last block that the page covers: the first of the cursor once the page is stored. */
      readonly to: BlockRef;
      /** The chain's newest known block; the follower has caught up when `to` is this block. */
      readonly head: BlockRef;
      /** Blocks up to this number are final. */
      readonly finalBlock: number;
      /**
       * Near the chain's newest block: all blocks of the page. Long before it: only those with records, and `to`. Ends
       * with `to` unless nothing is new.
       */
      readonly blocks: readonly BlockRef[];
      /** All records of the page, in chain order. */
      readonly records: readonly ChainRecord[];
    }
  /**
   * A reorganization took all blocks after `to`, with their records. `to` is a block of the cursor or of an earlier
   * page; its hash is zero if none of these is left.
   */
  | { readonly kind: "rollback"; readonly to: BlockRef };

type FollowParams = {
  readonly chain: Chain;
  /**
   * The blocks that were yielded earlier and stored, newest first; if empty, the contracts' first block is read first.
   */
  readonly cursor: readonly BlockRef[];
  /** How many blocks after a block make it final. */
  readonly finalityBlocks?: number;
  readonly pollMs?: number;
  /** The widest range of blocks that the RPC is asked for at once; narrowed where the RPC refuses. */
  readonly maxBlocksPerPage?: number;
  readonly signal?: AbortSignal;
  /** Told of every failed read; the read is tried again after a pause, each time a longer one. */
  readonly onFault?: (error: unknown) => void;
};

const DEFAULT_POLL_MS = 250;
const DEFAULT_BLOCKS_PER_PAGE = 2_000;
const RECENT_PAGE_BLOCKS = 16;
/** How many blocks before the final one keep their hashes in memory, to find where a reorganization begins. */
const SPARE_BLOCKS = 64;
/** Faults in a row after which another provider is asked, if there is one. */
const FAULTS_TO_TURN = 3;
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 4_000;

/**
 * Yields the contracts' records after the cursor, the past ones first, then new ones until the signal aborts. At least
 * one page comes even if nothing is new; after a reorganization, a rollback comes before the new blocks. A failed read
 * is repeated and never taken for "no logs"; after three failures in a row, another provider is asked if there is one.
 * Throws `wrong-chain` if the RPC serves another chain and no other provider can be asked.
 */
export async function* followChain(params: FollowParams): AsyncGenerator<ChainEvent, void> {
  const { chain, signal } = params;
  const pollMs = params.pollMs ?? DEFAULT_POLL_MS;
  const finalityBlocks = params.finalityBlocks ?? DEFAULT_FINALITY_BLOCKS;
  const maxBlocksPerPage = params.maxBlocksPerPage ?? DEFAULT_BLOCKS_PER_PAGE;
  const position: Position = { chain, finalityBlocks, range: { blocks: maxBlocksPerPage }, signal };
  let known = params.cursor;
  let backoffMs = FIRST_BACKOFF_MS;
  let faults = 0;
  let started = false;
  const aborted = () => signal?.aborted === true;
  while (!aborted()) {
    let event: ChainEvent | Idle;
    try {
      event = await nextEvent({ ...position, known, maxBlocksPerPage });
    } catch (error) {
      if (aborted()) return;
      params.onFault?.(error);
      if (isWeftError(error, "wrong-chain")) {
        if (!letRest({ ...chain, provider: chain.providers.current, reason: error.message })) throw error;
        continue;
      }
      if (++faults % FAULTS_TO_TURN === 0) {
        letRest({
          ...chain,
          provider: chain.providers.current,
          reason: "what it tells does not fit together",
        });
      }
      await waitMs({ ms: backoffMs * (0.5 + Math.random() / 2), signal });
      backoffMs = Math.min(MAX_BACKOFF_MS, backoffMs * 2);
      continue;
    }
    backoffMs = FIRST_BACKOFF_MS;
    faults = 0;
    known = knownAfter({ known, event, limit: finalityBlocks + SPARE_BLOCKS });
    if (event.kind !== "idle") yield event;
    else if (!started) yield emptyPage({ ...position, known, head: event.head });
    else await waitMs({ ms: pollMs, signal });
    started = started || event.kind !== "rollback";
  }
}

type Position = {
  readonly chain: Chain;
  readonly finalityBlocks: number;
  /** How many blocks the RPC was last seen to answer for at once. */
  readonly range: { blocks: number };
  readonly signal: AbortSignal | undefined;
};

type Idle = { readonly kind: "idle"; readonly head: BlockRef };

async function nextEvent(
  params: Position & { known: readonly BlockRef[]; maxBlocksPerPage: number },
): Promise<ChainEvent | Idle> {
  const { chain, known, signal } = params;
  const after = known[0] ?? rootOf(chain);
  const head = await readHeader({ chain, block: "latest", signal });
  if (head === undefined) throw new Error("the RPC has no latest block");
  if (head.number <= after.number) {
    // An RPC behind a load balancer may lag: only other blocks than the expected ones mean a reorganization.
    const expected = known.find(({ number }) => number <= head.number) ?? rootOf(chain);
    return await backTo({ ...params, expected, head });
  }
  const page = await readPage({ ...params, after, head });
  if (page.kind === "fork") return await backTo({ ...params, expected: after, head });
  const to = page.blocks.at(-1) ?? after;
  const finalBlock = finalBlockOf({ ...params, head });
  return { ...page, fromBlock: after.number + 1, to, head: blockRefOf(head), finalBlock };
}

async function readPage(
  params: Position & { after: BlockRef; head: Header; maxBlocksPerPage: number },
): Promise<PageOutcome> {
  const { chain, after, head, signal, range, maxBlocksPerPage } = params;
  const old = head.number - Math.max(params.finalityBlocks, RECENT_PAGE_BLOCKS);
  if (after.number >= old) {
    const to = Math.min(head.number, after.number + RECENT_PAGE_BLOCKS);
    return await readRecentPage({ chain, after, to, head, signal });
  }
  for (;;) {
    const to = Math.min(old, after.number + range.blocks);
    try {
      const page = await readOldPage({ chain, after, to, signal });
      range.blocks = Math.min(maxBlocksPerPage, range.blocks * 2);
      return page;
    } catch (error) {
      const narrowest = range.blocks === 1;
      range.blocks = Math.ceil(range.blocks / 2);
      if (narrowest || rpcFailure(error) !== "answered") throw error;
    }
  }
}

/**
 * Returns the rollback to the newest known block that the chain still has, or `idle` if that is the expected one.
 * Checks the chain before a rollback, because an RPC that serves another one looks like a reorganization.
 */
async function backTo(
  params: Position & { known: readonly BlockRef[]; expected: BlockRef; head: Header },
): Promise<ChainEvent | Idle> {
  const { chain, expected, head, signal } = params;
  if (head.hash === expected.hash) return { kind: "idle", head };
  const fork = await findFork(params);
  if (fork.hash === expected.hash) return { kind: "idle", head };
  await checkChain({ chain, signal });
  return { kind: "rollback", to: fork };
}

/** Finds the newest known block that is still on the chain; the root if none is. */
async function findFork(params: {
  chain: Chain;
  known: readonly BlockRef[];
  head: BlockRef;
  signal: AbortSignal | undefined;
}): Promise<BlockRef> {
  const { chain, signal } = params;
  for (const block of params.known.filter(({ number }) => number <= params.head.number)) {
    const header = await readHeader({ chain, block: block.number, signal });
    // The newest block comes after this one, so the RPC is at fault and not the chain.
    if (header === undefined) throw new Error(`the RPC does not have block ${block.number}`);
    if (header.hash === block.hash) return block;
  }
  return rootOf(chain);
}

/** Returns the block before the contracts' first one, which stands for "nothing read yet". */
function rootOf({ network }: Chain): BlockRef {
  return { number: Math.max(0, network.deployedBlock - 1), hash: UNKNOWN_HASH, time: 0 };
}

function knownAfter(params: {
  known: readonly BlockRef[];
  event: ChainEvent | Idle;
  limit: number;
}): readonly BlockRef[] {
  const { known, event, limit } = params;
  if (event.kind === "idle") return known;
  if (event.kind === "rollback") return known.filter(({ number }) => number <= event.to.number);
  return [...event.blocks.toReversed(), ...known].slice(0, limit);
}

function emptyPage(params: Position & { known: readonly BlockRef[]; head: BlockRef }): ChainEvent {
  const to = params.known[0] ?? rootOf(params.chain);
  const head = params.head.number > to.number ? blockRefOf(params.head) : to;
  const finalBlock = finalBlockOf({ ...params, head });
  return { kind: "page", fromBlock: to.number + 1, to, head, finalBlock, blocks: [], records: [] };
}

function finalBlockOf(params: { head: BlockRef; finalityBlocks: number }): number {
  return Math.max(0, params.head.number - params.finalityBlocks);
}
