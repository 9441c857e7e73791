import type { Logger } from "pino";
import type { ChainIndex } from "../store/node/chainIndex.ts";
import type { LogId } from "../wire/logRange.ts";
import type { Directory } from "./directory.ts";

const RETRY_MS = 5_000;

/**
 * Registers the node, or opens the generation of its log, again where a reorganization took that. Peers hold its
 * batches back until then. Ends when the signal aborts.
 */
export async function keepRegistered(params: {
  index: ChainIndex;
  directory: Directory;
  log: LogId;
  register: () => Promise<unknown>;
  restart: () => Promise<unknown>;
  logger: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const { index, directory, log, register, restart, logger, signal } = params;
  while (!signal.aborted) {
    const generation = BigInt(index.state.nodes.get(log.node)?.generation ?? 0);
    const lacks = generation < log.generation;
    if (lacks) {
      logger.warn(
        { generation: Number(generation) },
        "a reorg took this node's registration; making it again",
      );
      await (generation === 0n ? register() : restart()).catch((error: unknown) => {
        logger.warn({ err: error }, "the registration could not be made again; trying again");
      });
    }
    await nextChange({ directory, signal, ms: lacks ? RETRY_MS : undefined });
  }
}

/** Resolves when the registry has changed in the index, after `ms`, or when the signal aborts. */
export function nextChange(params: {
  directory: Directory;
  signal: AbortSignal;
  ms: number | undefined;
}): Promise<void> {
  const { directory, signal, ms } = params;
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stop();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = ms === undefined ? undefined : setTimeout(done, ms);
    const stop = directory.onChange(done);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
