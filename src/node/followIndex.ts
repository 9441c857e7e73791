import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { type ChainEvent, followChain } from "../chain/follow/followChain.ts";
import type { Chain } from "../chain/provider/chain.ts";
import { isStorageFault, isWeftError } from "../errors.ts";
import { applyChainPage, rollbackChain } from "../store/node/applyChainPage.ts";
import { type ChainIndex, chainCursor } from "../store/node/chainIndex.ts";
import type { LogStore } from "../store/node/logStore.ts";
import { mendStore } from "../store/node/mendStore.ts";
import type { BlockRef } from "../wire/blockRef.ts";
import { type ChainHub, tellPage, tellRollback } from "./chainHub.ts";

const RETRY_MS = 250;

export type FollowSettings = {
  readonly finalityBlocks: number;
  readonly chainPollMs: number;
  readonly blocksPerPage: number;
};

/**
 * Keeps the index at the chain's newest block until the signal aborts. `onProgress` hears of every page with the newest
 * block known. After a fault of the disk it goes on from what is stored, once the disk works again. Throws `wrong-chain` as
 * `followChain` does, and `damaged-database`.
 */
export async function followIndex(params: {
  chain: Chain;
  index: ChainIndex;
  /** The log store in the same database. */
  store: LogStore;
  hub: ChainHub;
  settings: FollowSettings;
  onProgress: (progress: { newest: BlockRef }) => void;
  onNodes: () => void;
  onRollback: () => void;
  /** Hears why nothing can be stored after a fault of the disk, and undefined once something is stored again. */
  onStuck: (reason: string | undefined) => void;
  logger: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const { chain, index, store, settings, onStuck, logger, signal } = params;
  while (!signal.aborted) {
    try {
      const events = followChain({
        chain,
        cursor: await chainCursor(index),
        finalityBlocks: settings.finalityBlocks,
        pollMs: settings.chainPollMs,
        maxBlocksPerPage: settings.blocksPerPage,
        signal,
        onFault: (error) => logger.warn({ err: error }, "the chain could not be read; trying again"),
      });
      for await (const event of events) {
        await applyEvent({ ...params, event });
        onStuck(undefined);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isStorageFault(error) || isWeftError(error, "damaged-database")) throw error;
      onStuck("its chain index could not be read or written");
      logger.error({ err: error }, "the chain index could not be read or written; trying again");
      await mendStore({ store, fault: error });
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Stores what the chain did and tells those who follow it through this node. */
export async function applyEvent(params: {
  index: ChainIndex;
  hub: ChainHub;
  event: ChainEvent;
  onProgress: (progress: { newest: BlockRef }) => void;
  onNodes: () => void;
  onRollback: () => void;
  logger: Logger;
}): Promise<void> {
  const { index, hub, event, logger } = params;
  const nodesBefore = index.state.nodes;
  if (event.kind === "rollback") {
    await rollbackChain({ index, to: event.to });
    params.onRollback();
    tellRollback({ hub, to: event.to });
    logger.warn({ block: event.to.number }, "the chain was reorganised; the index went back");
  } else {
    await applyChainPage({ index, page: event });
    const groups = new Set(
      event.records.flatMap((record) => (record.kind === "entry" ? [record.group] : [])),
    );
    tellPage({ hub, head: event.to, groups });
    params.onProgress({ newest: event.head });
    logger.debug({ block: event.to.number, records: event.records.length }, "chain page");
  }
  if (index.state.nodes !== nodesBefore) params.onNodes();
}
