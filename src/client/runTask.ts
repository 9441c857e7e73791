import { waitMs } from "../clock/waitMs.ts";
import { isStorageFault, isWeftError } from "../errors.ts";
import type { ClientCore, CoreParts, Online } from "./group/core.ts";
import { isNodeFault } from "./nodes/askNodes.ts";

const RESTART_MS = 1_000;

/**
 * Starts a task that runs while the client is online; going offline waits for it to end. A task that fails for other
 * reasons than the nodes is a defect or a fault of this machine: it is told and starts again, so that nothing stands
 * still without a word.
 */
export function runTask(params: {
  core: CoreParts<"logger" | "onStorageFault">;
  online: Online;
  /** Ends the task before the client goes offline; unless told, nothing does. */
  signal?: AbortSignal;
  name: string;
  task: () => Promise<void>;
}): void {
  const { online } = params;
  const running = keepRunning(params).finally(() => online.tasks.delete(running));
  online.tasks.add(running);
}

function tell(logger: ClientCore["logger"], task: string, error: unknown): void {
  const isForNow = isNodeFault(error) || isWeftError(error, "no-node");
  if (isForNow) logger.warn({ task, error }, "no node answers a task; it starts again");
  else logger.error({ task, err: error }, "a task failed; it starts again");
}

/** Runs a task until it ends, and again after a fault. Never throws. */
async function keepRunning(params: {
  core: CoreParts<"logger" | "onStorageFault">;
  online: Online;
  signal?: AbortSignal;
  name: string;
  task: () => Promise<void>;
}): Promise<void> {
  const { core, online, signal = online.controller.signal, name, task } = params;
  while (!signal.aborted) {
    try {
      return await task();
    } catch (error) {
      if (signal.aborted) return;
      if (isStorageFault(error)) core.onStorageFault(error);
      else tell(core.logger, name, error);
      await waitMs({ ms: RESTART_MS, signal });
    }
  }
}
