import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { Chain } from "../chain/provider/chain.ts";
import { readNode } from "../chain/read/readNode.ts";
import { restartNode } from "../chain/registry/restartNode.ts";
import type { Relayer } from "../chain/submit/openRelayer.ts";
import { waitForTransaction } from "../chain/submit/waitForTransaction.ts";
import { isStorageFault, isWeftError, WeftError } from "../errors.ts";
import type { ChainIndex } from "../store/node/chainIndex.ts";
import type { IndexedNode } from "../store/node/indexedRecords.ts";
import { hasSigned, mayGoOnIn, noteClosed, noteOpened } from "../store/node/ownGeneration.ts";
import type { Database } from "../store/openDatabase.ts";
import type { NodeId } from "../wire/ids.ts";
import type { LogId } from "../wire/logRange.ts";
import { logShardsIn } from "../wire/shards.ts";
import type { Batcher } from "./batcher.ts";
import type { Directory } from "./directory.ts";
import { drawGeneration } from "./drawGeneration.ts";
import { placeOf } from "./placeOf.ts";
import type { Registration } from "./registerSelf.ts";

const RETRY_MS = 1_000;
const RESTART_TIMEOUT_MS = 30_000;

type OwnLog = {
  readonly chain: Chain;
  readonly operator: Relayer;
  readonly index: ChainIndex;
  readonly directory: Directory;
  readonly database: Database;
  readonly node: NodeId;
  readonly registration: Registration;
  /** The shards that the node is to serve: bit n for shard n. */
  readonly shards: bigint;
  /** Asks peers that serve the log's shard for its head and fetches what is lacking; false if none answered in time. */
  readonly confirm: (log: LogId) => Promise<boolean>;
  /** Throws `not-ready` for a log that is not whole. */
  readonly open: (log: LogId) => Promise<Batcher>;
  readonly tell: (reason: string) => void;
  readonly logger: Logger;
  readonly signal: AbortSignal;
};

/** How many logs' heads are asked for at a time. */
const PARALLEL_LOGS = 8;

/** The node's own logs: what writes them, by shard. */
export type OwnLogs = ReadonlyMap<number, Batcher>;

/**
 * Opens the node's own log of each shard so that no sequence is ever signed twice. It goes on in the generation in
 * which this database was closed, if the database lies where it lay and peers confirm the heads of all logs. Otherwise
 * it draws a new generation at random and first opens that on chain. Tries until it succeeds; throws the signal's
 * reason, and `damaged-database`.
 */
export async function openOwnLog(params: OwnLog): Promise<OwnLogs> {
  const { database, node, registration, tell, logger, signal } = params;
  tell("it waits for its registration to be in its index");
  await whenServing(params);
  const place = await placeOf(database.path);
  let generation = await generationFrom({ ...params, generation: registration.generation });
  // A registration may be new because a reorganization took the one before.
  let isFresh = registration.isNew && !(await hasSigned(database));
  const mayGoOn = async (logs: readonly LogId[]): Promise<boolean> => {
    if (!(await mayGoOnIn({ database, generation, place }))) return false;
    tell("it asks its peers for the head of its own log");
    return await orAbort({ promise: confirmAll({ ...params, logs }), signal });
  };
  for (;;) {
    signal.throwIfAborted();
    const logs = logShardsIn(params.shards).map((shard) => ({ node, generation: BigInt(generation), shard }));
    try {
      if (isFresh || (await mayGoOn(logs))) {
        await noteOpened({ database, generation, place });
        return await openAll({ ...params, logs });
      }
      logger.warn({ generation }, "nothing confirms that this is all of the node's own log");
    } catch (error) {
      signal.throwIfAborted();
      if (isStorageFault(error) && !isWeftError(error, "damaged-database")) {
        logger.warn({ generation, err: error }, "the node's own log could not be read; trying again");
        await delay(RETRY_MS, undefined, { signal });
        continue;
      }
      if (!isWeftError(error, "not-ready")) throw error;
      logger.warn({ generation, err: error }, "the node's own log can't be gone on with");
    }
    tell("it opens another generation of its own log on chain");
    generation = await nextGeneration({ ...params, generation });
    isFresh = true;
  }
}

async function confirmAll(params: OwnLog & { logs: readonly LogId[] }): Promise<boolean> {
  const { logs, confirm } = params;
  for (let i = 0; i < logs.length; i += PARALLEL_LOGS) {
    const confirmed = await Promise.all(logs.slice(i, i + PARALLEL_LOGS).map(confirm));
    if (confirmed.includes(false)) return false;
  }
  return true;
}

async function openAll(params: OwnLog & { logs: readonly LogId[] }): Promise<OwnLogs> {
  const batchers = new Map<number, Batcher>();
  for (const log of params.logs) batchers.set(log.shard, await params.open(log));
  return batchers;
}

async function orAbort<T>(params: { promise: Promise<T>; signal: AbortSignal }): Promise<T> {
  const { promise, signal } = params;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Writes what waits, and notes that this database may go on with the logs. */
export async function closeOwnLogs(params: { database: Database; logs: OwnLogs }): Promise<void> {
  const { database, logs } = params;
  await Promise.all([...logs.values()].map((batcher) => batcher[Symbol.asyncDispose]()));
  const [first] = logs.values();
  if (first === undefined) return;
  const generation = Number(first.log.generation);
  await noteClosed({ database, generation, place: await placeOf(database.path) });
}

/** Opens a new generation on chain that this node has drawn itself: the node signs in no other. */
async function nextGeneration(params: OwnLog & { generation: number }): Promise<number> {
  const { chain, operator, node, logger, signal } = params;
  for (;;) {
    signal.throwIfAborted();
    try {
      const present = Number((await readNode({ chain, node }))?.generation ?? params.generation);
      const generation = drawGeneration(Math.max(present, params.generation));
      const outcome = await restartNode({ chain, operator, node, generation });
      if (outcome.kind === "refused") throw new WeftError(outcome);
      if (outcome.kind === "submitted") {
        const { transaction } = outcome;
        const waited = await waitForTransaction({
          chain,
          transaction,
          timeoutMs: RESTART_TIMEOUT_MS,
          signal,
        });
        // Another transaction may have taken its place.
        if (waited.kind === "mined" || (await isPresent({ ...params, generation }))) {
          await indexed(params, (self) => isKnown(self, generation));
          return generation;
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      logger.warn({ err: error }, "the next generation could not be opened; trying again");
    }
    await delay(RETRY_MS, undefined, { signal });
  }
}

async function isPresent({ chain, node, generation }: OwnLog & { generation: number }): Promise<boolean> {
  return Number((await readNode({ chain, node }))?.generation ?? 0) === generation;
}

function isKnown({ generation: present, formerGenerations = [] }: IndexedNode, generation: number): boolean {
  return present === generation || formerGenerations.includes(generation);
}

/** Waits until the index has this generation of the node, or a higher one. */
async function generationFrom(params: OwnLog & { generation: number }): Promise<number> {
  return (await indexed(params, ({ generation }) => generation >= params.generation)).generation;
}

/** Waits until the index says that this node serves its shards: until then peers refuse its batches. */
async function whenServing(params: OwnLog): Promise<void> {
  await indexed(params, ({ shards }) => BigInt(shards) === params.shards);
}

async function indexed(params: OwnLog, isSo: (self: IndexedNode) => boolean): Promise<IndexedNode> {
  const { index, directory, node, signal } = params;
  const { promise, resolve } = Promise.withResolvers<IndexedNode>();
  const look = (): void => {
    const self = index.state.nodes.get(node);
    if (self !== undefined && isSo(self)) resolve(self);
  };
  const stop = directory.onChange(look);
  try {
    look();
    return await orAbort({ promise, signal });
  } finally {
    stop();
  }
}
