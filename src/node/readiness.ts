import { WeftError } from "../errors.ts";
import type { ChainIndex } from "../store/node/chainIndex.ts";
import type { BlockRef } from "../wire/blockRef.ts";

/** Tells why a node may not answer yet. Mutable: those who follow the chain and keep the log say how far they are. */
export type Readiness = {
  /** The newest block that the node knows of. */
  readonly newest: () => BlockRef | undefined;
  /**
   * Says what keeps the index from being believed; undefined: nothing. A chain that stands still keeps it from nothing.
   */
  readonly indexReason: () => string | undefined;
  /** Says what keeps the node from answering everything; undefined: nothing. */
  readonly reason: () => string | undefined;
  /** Says that the index is behind those of the other nodes; undefined: it is not, as far as is known. */
  readonly chainLag: () => string | undefined;
  readonly tell: (change: Change) => void;
  /** The fault that ended a part of the node for good: only a restart helps. */
  readonly failure: () => WeftError | undefined;
  /** Resolves with the first such fault. */
  readonly failed: Promise<WeftError>;
  /** Resolves once the node is ready; rejects with the signal's reason. */
  readonly whenReady: (signal: AbortSignal) => Promise<void>;
};

type Change = {
  readonly newest?: BlockRef;
  readonly ownLog?: string | undefined;
  readonly clock?: string | undefined;
  readonly chainLag?: string | undefined;
  /** Why the disk can't be read or written; undefined: it can. */
  readonly disk?: string | undefined;
  /** Why the index stands still: a disk that can be opened again may still take nothing. */
  readonly stuck?: string | undefined;
  readonly failure?: WeftError;
  readonly isStopping?: true;
};

export function openReadiness(params: { index: ChainIndex; maxIndexLagSeconds: number }): Readiness {
  const { index, maxIndexLagSeconds } = params;
  const waiters = new Set<() => void>();
  let newest: BlockRef | undefined;
  let ownLog: string | undefined = "it is starting";
  let clock: string | undefined;
  let chainLag: string | undefined;
  let disk: string | undefined;
  let stuck: string | undefined;
  let isStopping = false;
  let failure: WeftError | undefined;
  const failed = Promise.withResolvers<WeftError>();
  const indexReason = (): string | undefined => {
    const { head } = index.state;
    if (failure !== undefined) return failure.message;
    if (isStopping) return "it is stopping";
    if (disk !== undefined) return disk;
    if (stuck !== undefined) return stuck;
    if (newest === undefined || head === undefined) return "it has not read the chain yet";
    const behind = newest.time - head.time;
    if (behind <= maxIndexLagSeconds) return chainLag;
    return `its index is at block ${head.number} of ${newest.number}, ${behind} s behind`;
  };
  const reason = (): string | undefined => indexReason() ?? ownLog ?? clock;
  const tell: Readiness["tell"] = (change) => {
    if ("newest" in change) newest = change.newest;
    if ("ownLog" in change) ownLog = change.ownLog;
    if ("clock" in change) clock = change.clock;
    if ("chainLag" in change) chainLag = change.chainLag;
    if ("disk" in change) disk = change.disk;
    if ("stuck" in change) stuck = change.stuck;
    isStopping ||= change.isStopping === true;
    if (change.failure !== undefined) {
      failure ??= change.failure;
      failed.resolve(failure);
    }
    if (reason() === undefined) for (const wake of waiters) wake();
  };
  const whenReady = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    if (reason() === undefined) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => reject(signal.reason);
    waiters.add(resolve);
    signal.addEventListener("abort", abort, { once: true });
    try {
      await promise;
    } finally {
      waiters.delete(resolve);
      signal.removeEventListener("abort", abort);
    }
  };
  const ends = { failure: () => failure, failed: failed.promise };
  return { newest: () => newest, indexReason, reason, chainLag: () => chainLag, tell, whenReady, ...ends };
}

/** Throws `not-ready` with the reason, if there is one. */
export function requireNothing(reason: string | undefined): void {
  if (reason !== undefined)
    throw new WeftError({ code: "not-ready", message: `the node is not ready: ${reason}` });
}
